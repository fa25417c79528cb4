/* Writes the tables of Japanese character sets for src/base/text.c, from the C library's iconv.
 *
 * Made at build time, so that the programs that read hostile bytes never load a conversion module
 * at run time (they could not: the sandbox is closed by then), and so that no table of unknown
 * origin lies in the tree. CP932 gives JIS X 0208 with Microsoft's extensions for all three
 * encodings, so that the same character comes out the same from each; EUC-JP-MS gives JIS X 0212.
 */
#include <iconv.h>
#include <stdio.h>

static unsigned convert(iconv_t cd, const char *bytes, size_t n) {
    char in[4];
    unsigned char out[8];
    char *ip = in, *op = (char *) out;
    size_t in_left = n, out_left = sizeof out;
    for (size_t i = 0; i < n; i++)
        in[i] = bytes[i];
    iconv(cd, NULL, NULL, NULL, NULL);
    if (iconv(cd, &ip, &in_left, &op, &out_left) != 0 || in_left || out_left != sizeof out - 2)
        return 0;
    return (unsigned) (out[0] << 8 | out[1]);
}

static void table(const char *name, const char *from, unsigned lead_min, unsigned lead_max,
                  unsigned trail_min, unsigned trail_max, int prefix) {
    unsigned known = 0;
    iconv_t cd = iconv_open("UTF-16BE", from);
    if (cd == (iconv_t) -1) {
        fprintf(stderr, "gen_jis: iconv knows no %s\n", from);
        _Exit(1);
    }
    printf("static const uint16_t %s[%u][%u] = {\n", name, lead_max - lead_min + 1,
           trail_max - trail_min + 1);
    for (unsigned lead = lead_min; lead <= lead_max; lead++) {
        printf("{");
        for (unsigned trail = trail_min; trail <= trail_max; trail++) {
            char z[3];
            size_t n = 0;
            if (prefix)
                z[n++] = (char) prefix;
            z[n++] = (char) lead;
            z[n++] = (char) trail;
            unsigned c = convert(cd, z, n);
            known += c != 0;
            printf("%u,", c);
        }
        printf("},\n");
    }
    printf("};\n");
    iconv_close(cd);
    if (known < 5000) {
        fprintf(stderr, "gen_jis: %s has only %u characters\n", from, known);
        _Exit(1);
    }
}

int main(void) {
    printf("/* Made by tools/gen_jis.c. 0 = no character. */\n#include <stdint.h>\n");
    table("cp932_table", "CP932", 0x81, 0xfc, 0x40, 0xfc, 0);
    table("jisx0212_table", "EUC-JP-MS", 0xa1, 0xfe, 0xa1, 0xfe, 0x8f);
    return 0;
}
