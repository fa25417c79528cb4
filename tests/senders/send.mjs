/* Clients from npm as their users use them: numbered lines to Kizuki. Reads "FROM TO" lines, sends the numbers FROM…TO-1,
 * says "done TO" when the client believes that they arrived.
 * usage: node send.mjs elastic|splunk|otel_json|otel_proto NAME URL [TOKEN] */
import { createInterface } from "node:readline";

const [kind, name, url, token] = process.argv.slice(2);
const AT_ONCE = Number(process.env.KIZUKI_SENDER_REQUEST ?? 200);
const line = (i) => `kzn-${name}-${i}- 気付き ${"z".repeat(i % 90)}`;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/* Each: an async function that takes numbers and returns when they were taken. */
const clients = {
  async elastic() {
    const { Client } = await import("@elastic/elasticsearch");
    const client = new Client({ node: url, requestTimeout: 120_000, maxRetries: 50 });
    return async (from, to) => {
      const docs = (async function* () { for (let i = from; i < to; i++) yield { message: line(i), n: i }; })();
      const result = await client.helpers.bulk({
        datasource: docs, flushBytes: 150 * AT_ONCE, concurrency: 2, retries: 50, wait: 500,
        onDocument: (d) => ({ create: { _index: "logs-app", _id: `${name}-${d.n}` } }),
      });
      if (result.failed) throw new Error(JSON.stringify(result));
    };
  },

  async splunk() {
    const { Logger } = (await import("splunk-logging")).default;
    const logger = new Logger({ token, url, maxRetries: 50, batchInterval: 0, maxBatchCount: 0, maxBatchSize: 0 });
    logger.error = () => {}; // flush tells it, too
    const flush = () => new Promise((done) => logger.flush((error, response, body) => done(error ?? (body?.code === 0 ? null : body))));
    return async (from, to) => {
      for (let i = from; i < to; i += AT_ONCE)
        for (;;) {
          for (let k = i; k < Math.min(to, i + AT_ONCE); k++) logger.send({ message: { message: line(k) }, metadata: { host: "app-1" } });
          const refused = await flush();
          if (!refused) break;
          if (refused.code !== 9) throw new Error(String(refused.stack ?? JSON.stringify(refused)));
          await pause(1000); // 9: busy, the documented answer to come again
        }
    };
  },

  otel: (module) => async () => {
    const { OTLPLogExporter } = await import(module);
    const { LoggerProvider, BatchLogRecordProcessor } = await import("@opentelemetry/sdk-logs");
    const { diag, DiagConsoleLogger, DiagLogLevel } = await import("@opentelemetry/api");
    diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.ERROR);
    const exporter = new OTLPLogExporter({ url: `${url}/v1/logs`, timeoutMillis: 120_000 });
    const processor = new BatchLogRecordProcessor(exporter, { maxQueueSize: 8 * AT_ONCE, maxExportBatchSize: AT_ONCE, exportTimeoutMillis: 130_000 });
    const provider = new LoggerProvider();
    provider.addLogRecordProcessor(processor);
    const logger = provider.getLogger("app");
    return async (from, to) => {
      for (let i = from; i < to; i++) {
        logger.emit({ severityText: "INFO", severityNumber: 9, body: line(i), attributes: { n: i } });
        if ((i - from + 1) % (4 * AT_ONCE) === 0) await provider.forceFlush();
      }
      await provider.forceFlush();
    };
  },
};
clients.otel_json = clients.otel("@opentelemetry/exporter-logs-otlp-http");
clients.otel_proto = clients.otel("@opentelemetry/exporter-logs-otlp-proto");

const send = await clients[kind]();
for await (const asked of createInterface({ input: process.stdin })) {
  const [from, to] = asked.split(" ").map(Number);
  await send(from, to);
  process.stdout.write(`done ${to}\n`);
}
process.exit(0);
