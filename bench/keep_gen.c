/* A spool of mixed events for bench/keep.py: keep_gen DATA EVENTS [TEXT]. DATA/spool is made and sealed, as a month of
 * arrivals ending 2026-11-21; TEXT, if given, gets the same lines, one a line (line ends inside are none).
 *
 * About 900 bytes an event on average: JSON of a members' site (62 %), Windows security events as winlogbeat ships
 * them (22 %), access logs (6 %), application text in Japanese (7 %), sshd (3 %). A few needles stand in known
 * places, so that what a search finds can be checked against how many were put in; they are printed as JSON. */
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "event/source.h"
#include "spool/seal.h"
#include "spool/spool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DAYS 30
#define SEAL_EVERY 50000
#define LAST_NS INT64_C(1795273200000000000) /* 2026-11-22T00:00:00+09:00 */

struct gen {
    uint64_t seed, i, n;
    int64_t t_ns;
    struct buf line;
    FILE *text;
    uint64_t bytes, hosts, addresses, japanese, users, hashes;
    const char *dir;
    struct sign_secret secret;
    struct sign_public pub;
    struct spool_seal_options seal;
    struct spool_sealer *sealer;
};

static _Noreturn void give_up(const struct diag *d) {
    char line[1024];
    fprintf(stderr, "keep_gen: %s\n", diag_format(d, line, sizeof line));
    exit(1);
}

static uint64_t rnd(struct gen *g) {
    g->seed ^= g->seed << 13;
    g->seed ^= g->seed >> 7;
    g->seed ^= g->seed << 17;
    return g->seed;
}

static uint64_t below(struct gen *g, uint64_t n) {
    return rnd(g) % n;
}

/* Few come often, many seldom. */
static uint64_t skewed(struct gen *g, uint64_t n) {
    uint64_t a = below(g, n), b = below(g, n), c = below(g, n);
    return MIN(a, MIN(b, c));
}

static void address(struct gen *g, char dst[32]) {
    uint64_t k = skewed(g, 60000);
    snprintf(dst, 32, "%u.%u.%u.%u", 20 + (unsigned) (k % 180), (unsigned) (k / 180 % 250), (unsigned) (k * 7 % 251),
             1 + (unsigned) (k * 13 % 250));
}

static const char *host(struct gen *g, char dst[32]) {
    if (g->i % 5003 == 17) {
        g->hosts++;
        return "needle-db-07";
    }
    snprintf(dst, 32, "web-%02u", (unsigned) below(g, 40));
    return dst;
}

static const char *client(struct gen *g, char dst[32]) {
    /* two days of the thirty only: what a filter can use */
    uint64_t day = g->i * DAYS / g->n;
    if ((day == 11 || day == 23) && g->i % 997 == 5) {
        g->addresses++;
        return "198.51.100.77";
    }
    address(g, dst);
    return dst;
}

static const char *const agents[] = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
    "python-requests/2.31.0"};
static const char *const paths[] = {"/login", "/mypage/bill", "/api/v2/orders", "/static/app.3f2a.js", "/search", "/mypage/points/history"};

static void site(struct gen *g, const char *iso) {
    char h[32], ip[32];
    const char *name = host(g, h), *from = client(g, ip);
    buf_printf(&g->line,
               "{\"@timestamp\":\"%s\",\"log.level\":\"info\",\"service.name\":\"members\",\"host.name\":\"%s\","
               "\"event.action\":\"%s\",\"event.outcome\":\"%s\",\"user.id\":\"m%07u\",\"source.ip\":\"%s\","
               "\"source.port\":%u,\"url.path\":\"%s\",\"http.request.method\":\"%s\",\"http.response.status_code\":%u,"
               "\"http.response.body.bytes\":%u,\"user_agent.original\":\"%s\",\"trace.id\":\"%016" PRIx64 "%016" PRIx64
               "\",\"span.id\":\"%016" PRIx64 "\",\"labels\":{\"region\":\"jp-east-1\",\"build\":\"2026.11.%u\",\"pod\":\"members-7c9f-%05u\"},"
               "\"message\":\"request handled in %u ms, cache %s, %u rows, session %016" PRIx64
               "\",\"ecs.version\":\"8.11.0\",\"process.name\":\"members-api\",\"process.pid\":%u,\"event.duration\":%u}",
               iso, name, below(g, 8) ? "page_view" : "user_login", below(g, 20) ? "success" : "failure",
               (unsigned) skewed(g, 900000), from, (unsigned) (1024 + below(g, 60000)), paths[below(g, 6)],
               below(g, 4) ? "GET" : "POST", below(g, 30) ? 200u : 404u, (unsigned) below(g, 90000), agents[skewed(g, 4)],
               rnd(g), rnd(g), rnd(g), (unsigned) (g->i * DAYS / g->n), (unsigned) below(g, 300), (unsigned) below(g, 900),
               below(g, 3) ? "hit" : "miss", (unsigned) below(g, 50), rnd(g), (unsigned) below(g, 32000), (unsigned) below(g, 900000000));
}

/* What was started, on two days of the thirty. */
static const char *digest(struct gen *g) {
    uint64_t day = g->i * DAYS / g->n;
    if ((day != 3 && day != 27) || g->i % 10007 != 13)
        return "";
    g->hashes++;
    return ",\"process\":{\"hash\":{\"sha256\":\"5a7e1f00c0ffee115a7e1f00c0ffee115a7e1f00c0ffee115a7e1f00c0ffee11\"}}";
}

static void windows(struct gen *g, const char *iso) {
    char ip[32];
    const char *from = client(g, ip);
    unsigned user = (unsigned) skewed(g, 3000);
    buf_printf(&g->line,
               "{\"@timestamp\":\"%s\",\"winlog\":{\"channel\":\"Security\",\"provider_name\":\"Microsoft-Windows-Security-Auditing\","
               "\"event_id\":%u,\"record_id\":%" PRIu64 ",\"computer_name\":\"PC%04u.corp.example.jp\",\"task\":\"Logon\",\"keywords\":[\"Audit Success\"],"
               "\"event_data\":{\"TargetUserName\":\"user%04u\",\"TargetDomainName\":\"CORP\",\"TargetUserSid\":\"S-1-5-21-3623811015-3361044348-30300820-%u\","
               "\"LogonType\":\"%u\",\"IpAddress\":\"%s\",\"IpPort\":\"%u\",\"WorkstationName\":\"PC%04u\",\"LogonProcessName\":\"Kerberos\","
               "\"AuthenticationPackageName\":\"Kerberos\",\"ProcessName\":\"C:\\\\Windows\\\\System32\\\\svchost.exe\",\"LogonGuid\":\"{%08x-%04x-%04x-%04x-%012" PRIx64 "}\","
               "\"SubjectUserSid\":\"S-1-5-18\",\"SubjectLogonId\":\"0x3e7\",\"TargetLogonId\":\"0x%" PRIx64 "\",\"ElevatedToken\":\"%%%%1843\"}},"
               "\"host\":{\"name\":\"PC%04u\"},\"event\":{\"code\":\"%u\",\"kind\":\"event\",\"provider\":\"Microsoft-Windows-Security-Auditing\"},"
               "\"agent\":{\"type\":\"winlogbeat\",\"version\":\"8.15.2\"},\"message\":\"An account was successfully logged on.\\n\\nSubject:\\n\\tSecurity ID:\\t\\tS-1-5-18\\n\\tAccount Name:\\t\\tPC%04u$\\n\\nLogon Type:\\t\\t%u\"%s}",
               iso, below(g, 9) ? 4624u : 4625u, g->i, user, user, 1000 + user, (unsigned) (2 + below(g, 9)), from,
               (unsigned) below(g, 65000), user, (unsigned) rnd(g), (unsigned) rnd(g) & 0xffff, (unsigned) rnd(g) & 0xffff,
               (unsigned) rnd(g) & 0xffff, rnd(g) & 0xffffffffffff, rnd(g) & 0xffffffff, user, 4624u, user, 3u, digest(g));
}

static void access_line(struct gen *g) {
    char ip[32], at[64];
    struct time_civil c;
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_to_civil(g->t_ns, 540, &c);
    snprintf(at, sizeof at, "%02d/%s/%04d:%02d:%02d:%02d +0900", c.day, months[c.month - 1], (int) c.year, c.hour, c.minute, c.second);
    buf_printf(&g->line, "%s - - [%s] \"%s %s?id=%u&ref=campaign%02u&session=%016" PRIx64 "%016" PRIx64 " HTTP/1.1\" %u %u \"https://www.example.jp%s\" \"%s\"",
               client(g, ip), at, below(g, 5) ? "GET" : "POST", paths[below(g, 6)], (unsigned) below(g, 100000),
               (unsigned) below(g, 30), rnd(g), rnd(g), below(g, 20) ? 200u : 403u, (unsigned) below(g, 50000), paths[below(g, 6)], agents[skewed(g, 4)]);
}

static void japanese(struct gen *g, const char *iso) {
    static const char *const what[] = {"会員の住所変更を受け付けました", "請求データの照合が終わりました", "外部の決済サーバーへ接続できませんでした",
                                       "バックアップを開始しました", "夜間バッチの実行時間が予定を超えました", "メールの送信待ちが増えています"};
    const char *needle = "";
    char ip[32];
    if (g->i % 4001 == 3) {
        needle = "画面の改ざんを検知しました。";
        g->japanese++;
    }
    buf_printf(&g->line, "%s app-%02u 会員管理[%u]: 処理番号=%08" PRIx64 " 担当=業務%02u課 %s。%s対象件数は%u件、所要時間は%uミリ秒、接続元は%sです。"
                         "詳しくは運用手順書の第%u章を参照してください。次回の実行は%02u時%02u分の予定です。",
               iso, (unsigned) below(g, 12), (unsigned) below(g, 32000), rnd(g) & 0xffffffff, (unsigned) below(g, 20), what[below(g, 6)],
               needle, (unsigned) below(g, 100000), (unsigned) below(g, 9000), client(g, ip), (unsigned) (1 + below(g, 12)),
               (unsigned) below(g, 24), (unsigned) below(g, 60));
}

static void sshd(struct gen *g) {
    char ip[32], user[32] = "svc-needle";
    struct time_civil c;
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_to_civil(g->t_ns, 540, &c);
    if (g->i % 2003 == 7) /* on every day */
        g->users++;
    else
        snprintf(user, sizeof user, "u%u", (unsigned) below(g, 5000));
    buf_printf(&g->line, "<38>%s %2d %02d:%02d:%02d gate-%u sshd[%u]: Failed password for invalid user %s from %s port %u ssh2", months[c.month - 1],
               c.day, c.hour, c.minute, c.second, (unsigned) below(g, 4), (unsigned) below(g, 32000), user, client(g, ip), (unsigned) below(g, 65000));
}

static void make_line(struct gen *g) {
    char iso[TIME_ISO_CAP];
    uint64_t kind = below(g, 100);
    buf_clear(&g->line);
    time_format_iso(g->t_ns, 3, iso);
    if (kind < 62)
        site(g, iso);
    else if (kind < 84)
        windows(g, iso);
    else if (kind < 90)
        access_line(g);
    else if (kind < 97)
        japanese(g, iso);
    else
        sshd(g);
}

static int64_t clock_now(void *ctx) {
    return ((struct gen *) ctx)->t_ns;
}

static void put_source(struct spool *s, struct gen *g) {
    struct source src = {.id = 1, .name = STR("bench"), .kind = STR("syslog"), .path = STR(""), .decoder = STR(""), .service = STR(""),
                         .host = STR(""), .encoding = -1, .offset_min = TIME_JST_OFFSET_MIN, .skew_max_ns = 5 * NS_PER_MIN};
    struct buf b;
    struct diag d = {0};
    buf_init(&b, 65536);
    if (source_encode(&src, &b) < 0)
        exit(1);
    struct raw_record rec = {.bytes = buf_str(&b), .arrival_ns = g->t_ns, .source = 1, .flags = RAW_SOURCE};
    if (spool_put(s, &rec, &d) < 0)
        give_up(&d);
    buf_done(&b);
}

/* What is closed is sealed at once: the disk never holds more than a segment or two that is not compressed. */
static void seal_some(struct gen *g) {
    struct diag d = {0};
    struct spool_sealed done;
    int r = g->sealer ? 0 : spool_sealer_open(g->dir, &g->seal, &g->sealer, &d);
    while (r >= 0 && (r = spool_sealer_step(g->sealer, &done, &d)) == 1)
        ;
    if (r < 0)
        give_up(&d);
}

static void prepare_seal(struct gen *g, const char *data) {
    char key[4200];
    struct diag d = {0};
    snprintf(key, sizeof key, "%s/keep", data);
    if (file_make_dir(key, 0700, &d) < 0)
        give_up(&d);
    snprintf(key, sizeof key, "%s/keep/key", data);
    if (sign_key_open(key, &g->secret, &g->pub, &d) < 0)
        give_up(&d);
    g->seal = (struct spool_seal_options){.key = &g->secret, .pub = &g->pub};
}

static void write_all(struct gen *g) {
    struct diag d = {0};
    struct spool_options o = {.clock = {.ctx = g, .now_ns = clock_now}};
    struct spool *s;
    g->t_ns = LAST_NS - DAYS * NS_PER_DAY;
    if (spool_open(g->dir, &o, &s, &d) < 0)
        give_up(&d);
    put_source(s, g);
    for (g->i = 0; g->i < g->n; g->i++) {
        g->t_ns = LAST_NS - DAYS * NS_PER_DAY + (int64_t) ((double) g->i / (double) g->n * DAYS * 86400.0 * 1e9);
        make_line(g);
        struct raw_record rec = {.bytes = buf_str(&g->line), .source = 1, .arrival_ns = g->t_ns};
        g->bytes += g->line.n;
        if (spool_put(s, &rec, &d) < 0 || (g->i % 2000 == 1999 && spool_commit(s, &d) < 0))
            give_up(&d);
        if (g->i % SEAL_EVERY == SEAL_EVERY - 1)
            seal_some(g);
        if (g->text) {
            buf_add_byte(&g->line, '\n');
            if (fwrite(g->line.p, 1, g->line.n, g->text) != g->line.n)
                exit(1);
        }
    }
    if (spool_commit(s, &d) < 0)
        give_up(&d);
    spool_close(s);
    seal_some(g);
    spool_sealer_close(g->sealer);
}

int main(int argc, char **argv) {
    struct gen g = {.seed = 88172645463325252u};
    char dir[4200];
    struct diag d = {0};
    if (argc < 3 || str_to_u64(str_of(argv[2]), &g.n) < 0 || !g.n) {
        fputs("usage: keep_gen DATA EVENTS [TEXT]\n", stderr);
        return 2;
    }
    if (argc > 3 && !(g.text = fopen(argv[3], "we")))
        return 1;
    snprintf(dir, sizeof dir, "%s/spool", argv[1]);
    if (file_make_dir(dir, 0700, &d) < 0)
        give_up(&d);
    buf_init(&g.line, 65536);
    g.dir = dir;
    prepare_seal(&g, argv[1]);
    write_all(&g);
    if (g.text && fclose(g.text) != 0)
        return 1;
    printf("{\"events\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"host\":%" PRIu64 ",\"address\":%" PRIu64 ",\"japanese\":%" PRIu64
           ",\"user\":%" PRIu64 ",\"hash\":%" PRIu64 "}\n", g.n, g.bytes, g.hosts, g.addresses, g.japanese, g.users, g.hashes);
    buf_done(&g.line);
    return 0;
}
