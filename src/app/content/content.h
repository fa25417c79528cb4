/* Where what is shipped beside the programs lies: content of the source tree, or share/kizuki/content. */
#pragma once

/* KIZUKI_CONTENT, beside the build folder, or where it was installed; /usr/share/kizuki/content when nothing is there. */
const char *content_dir(void);
/* Where lessons lie: KIZUKI_PACKS, or packs beside content. */
const char *packs_dir(void);
