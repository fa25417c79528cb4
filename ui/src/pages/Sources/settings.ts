// What an operator pastes. Data, apart from the page that shows it; the host is the one in the address bar.
export interface Setting { id: string; file: string; text: string }
const PORT = 5514;

export function settings(host: string): Setting[] {
  const target = host.includes(":") ? `[${host.replace(/[[\]]/g, "")}]` : host;
  return [
    { id: "listen", file: "DATA/kizuki.yml", text: `syslog: [127.0.0.1:${PORT}, "0.0.0.0:${PORT}"]\n` },
    {
      id: "rsyslog", file: "/etc/rsyslog.d/60-kizuki.conf",
      text: `action(type="omfwd" target="${target}" port="${PORT}" protocol="tcp"\n       TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"\n       queue.type="LinkedList" queue.filename="kizuki" queue.saveOnShutdown="on"\n       action.resumeRetryCount="-1")\n`,
    },
    {
      id: "nginx", file: "/etc/nginx/nginx.conf",
      text: `access_log syslog:server=${target}:${PORT},tag=nginx,nohostname combined;\nerror_log  syslog:server=${target}:${PORT},tag=nginx,nohostname warn;\n`,
    },
    { id: "file", file: "DATA/kizuki.yml", text: "sources:\n  - {name: members web, kind: file, path: /var/log/nginx/access.log, service: members}\n  - {name: sshd, kind: file, path: /var/log/auth.log}\n" },
    { id: "journal", file: "DATA/kizuki.yml", text: "sources:\n  - {name: journal, kind: journal}\n" },
    {
      id: "login", file: "",
      text: '{"@timestamp":"2026-11-23T02:11:58.114+09:00","event":{"category":"authentication","action":"login","outcome":"failure"},"user":{"name":"t0004"},"source":{"ip":"192.0.2.7"},"service":{"name":"members"}}\n',
    },
  ];
}
