#!/usr/bin/env python3
"""The complete example of content/extensions.md loads as it stands, and its samples pass."""
import re
import subprocess

import tap

PAGE = tap.ROOT / "content" / "extensions.md"


@tap.test
def the_complete_example_loads_and_passes_its_samples():
    blocks = re.findall(r"^```yaml\n(title:.*?)^```", PAGE.read_text(), re.S | re.M)
    blocks = [b for b in blocks if "\nname: ext_" in b]  # the others look at rules that are not on the page
    assert blocks, "the page has lost its example"
    with tap.folder() as d:
        for i, text in enumerate(blocks):
            (d / f"{i}.yml").write_text(text)
        for verb in ("check", "test"):
            r = subprocess.run([str(tap.KIZUKI), "rule", verb, str(d)], capture_output=True, text=True, timeout=60)
            assert r.returncode == 0, r.stdout + r.stderr
            print("# " + r.stdout.strip().splitlines()[-1])
        assert re.search(r"with [1-9]\d* samples, 0 failed", r.stdout), r.stdout


tap.main()
