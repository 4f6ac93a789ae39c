// prom-client's exposition of given series, gzipped when asked for.
//
// node exposition.js PORT SERIES_FILE
'use strict';

const fs = require('fs');
const http = require('http');
const zlib = require('zlib');
const client = require('prom-client');

const observed = (bounds, at) =>
  at < bounds.length ? bounds[at] : (bounds[bounds.length - 1] || 0) + 1;

// A metric a line, each followed by its label sets, a line each.
let metric;
let bounds;
let names;
for (const line of fs.readFileSync(process.argv[3], 'utf8').split('\n')) {
  if (!line) continue;
  const said = JSON.parse(line);
  if (!Array.isArray(said)) {
    const kinds = { counter: client.Counter, gauge: client.Gauge, histogram: client.Histogram };
    const options = { name: said.name, help: said.help, labelNames: said.labels };
    if (said.kind === 'histogram') options.buckets = said.buckets;
    metric = new kinds[said.kind](options);
    bounds = said.buckets;
    names = said.labels;
    continue;
  }
  const [values, value] = said;
  const labels = Object.fromEntries(names.map((name, at) => [name, values[at]]));
  if (Array.isArray(value)) {
    value.forEach((count, at) => {
      for (let n = 0; n < count; n++) metric.observe(labels, observed(bounds, at));
    });
  } else if (metric.set) metric.set(labels, value);
  else metric.inc(labels, value);
}

http.createServer(async (request, response) => {
  response.setHeader('Content-Type', client.register.contentType);
  if (request.url !== '/metrics') return response.end();
  const body = await client.register.metrics();
  if (!/gzip/.test(request.headers['accept-encoding'] || '')) return response.end(body);
  response.setHeader('Content-Encoding', 'gzip');
  return zlib.gzip(body, { level: 1 }, (_, packed) => response.end(packed));
}).listen(Number(process.argv[2]), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
