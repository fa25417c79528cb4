#!/usr/bin/env python3
"""From inside the running sensor: of the data folder it can open what is its own, and neither keys nor the room's database;
elsewhere the folders of its sources.

The sensor itself is made to try: it follows `*.log` in a folder, and links of that name that appear there lead into the
data folder. What it can open it reads, so the line in the file stands in its spool."""
import programs
import spoolread
import tap

OWN = ("sensor", "rules", "spool", "incoming")
FOREIGN = ("keep", "room", "hand", "run")


@tap.test
def the_sensor_reads_no_key_and_no_database():
    with tap.folder() as logs, tap.folder() as root:
        usual = root / "var" / "log"  # this machine's usual logs, which nobody asked for
        (usual / "journal").mkdir(parents=True)
        (usual / "auth.log").write_text("planted among the usual logs\n")
        settings = {"sources": [{"name": "links", "kind": "file", "path": str(logs / "*.log")},
                                {"name": "deep", "kind": "file", "path": str(logs / "*" / "app.log")}]}
        with programs.served(settings, ["--logs-root", str(root)]) as s:
            s.wait_up()
            tap.need("no Landlock" not in s.output(), "this kernel has no Landlock")
            tap.wait_until(lambda: (s.data / "keep" / "key").exists(), 10, what="the key of the seals")

            def seen():
                return {l.decode(errors="replace") for l in spoolread.lines(s.data / "spool")}

            for folder in (*OWN, *FOREIGN):
                (s.data / folder).mkdir(exist_ok=True)
                (s.data / folder / "planted").write_text(f"planted in {folder}\n")
                (logs / f"{folder}.log").symlink_to(s.data / folder / "planted")
            # names of real secrets: a line end behind them makes whatever can be read a line
            secrets = {"key.log": s.data / "keep" / "key", "order.log": s.data / "room" / "order.key",
                       "tls.log": s.data / "room" / "tls.key", "db.log": s.data / "room" / "room.db"}
            for name, path in secrets.items():
                assert path.exists(), path
                (logs / name).symlink_to(path)
            (logs / "usual.log").symlink_to(usual / "auth.log")
            (logs / "below").mkdir()
            (logs / "below" / "app.log").write_text("in a folder that came later\n")
            (logs / "last.log").write_text("the last one\n")
            own = {f"planted in {f}" for f in OWN}
            own |= {"the last one", "in a folder that came later"}
            tap.wait_until(lambda: seen() >= own, 60, what="what it may read")
            # another whole look at all names after everything was there
            (logs / "later.log").write_text("a later look\n")
            tap.wait_until(lambda: "a later look" in seen(), 20, what="a later look")
            assert seen() == own | {"a later look"}, seen()


@tap.test
def the_same_links_are_read_where_nothing_confines():
    """The test above can fail: outside the data folder's secrets the very same link is followed."""
    with tap.folder() as logs, tap.folder() as other:
        settings = {"sources": [{"name": "links", "kind": "file", "path": str(logs / "*.log")},
                                {"name": "other", "kind": "file", "path": str(other / "none")}]}
        with programs.served(settings, ["--no-local-logs"]) as s:
            s.wait_up()
            (other / "key").write_text("planted elsewhere\n")
            (logs / "key.log").symlink_to(other / "key")
            tap.wait_until(lambda: spoolread.lines(s.data / "spool") == [b"planted elsewhere"], 20, what="the line behind the link")


tap.main()
