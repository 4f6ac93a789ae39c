// Express 4 with prom-client: checks an event against the contract's schema, and counts what
// Meterhouse counts of it. It asks for no token and stores nothing, which favours it.
//
// node recorder.js PORT, with schemas.json beside it: a JSON schema for each path
'use strict';

const fs = require('fs');
const path = require('path');
const Ajv = require('ajv/dist/2020');
const express = require('express');
const client = require('prom-client');

const counter = (name, labelNames) => new client.Counter({ name, help: name, labelNames });
const histogram = (name, labelNames, buckets) =>
  new client.Histogram({ name, help: name, labelNames, buckets });

const started = counter('ai_requests_started_total', ['model', 'feature', 'user_plan']);
const requests = counter('ai_requests_total', ['model', 'status', 'feature', 'user_plan']);
const tokens = counter('ai_request_tokens_total', ['model', 'type', 'user_plan']);
const duration = histogram(
  'ai_request_duration_seconds', ['model', 'feature', 'user_plan'],
  [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120]);
const engagement = counter(
  'user_engagement_events_total', ['event', 'feature', 'user_plan', 'device_type']);
const http = ['service', 'endpoint', 'method', 'status'];
const calls = counter('http_requests_total', http);
const times = histogram(
  'http_request_duration_seconds', http, [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10]);

function observe(service, endpoint, method, status, seconds) {
  const labels = { service, endpoint, method, status };
  calls.inc(labels);
  times.observe(labels, seconds);
}

const families = {
  '/api/ai-tracking/track': {
    count(event) {
      const { model, feature, status } = event;
      started.inc({ model, feature, user_plan: 'free' });
      requests.inc({ model, status, feature, user_plan: 'free' });
      duration.observe({ model, feature, user_plan: 'free' }, event.durationMs / 1000);
      tokens.inc({ model, type: 'input', user_plan: 'free' }, event.tokens.input);
      tokens.inc({ model, type: 'output', user_plan: 'free' }, event.tokens.output);
    },
    answer: (event) => ({ requestId: event.requestId, status: event.status }),
  },
  '/api/analytics/engagement/track': {
    count({ event, feature }) {
      engagement.inc({ event, feature, user_plan: 'free', device_type: 'desktop' });
    },
    answer: (event) => ({ eventId: event.eventId }),
  },
  '/api/performance/track': {
    count(event) {
      observe(event.service, event.endpoint, event.method, event.statusCode,
        event.responseTime / 1000);
    },
    answer: (event) => ({ metricId: event.requestId }),
  },
};

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.get('/-/ready', (_, response) => response.json({ status: 'ok' }));
app.use((request, response, next) => {
  const began = process.hrtime.bigint();
  response.on('finish', () => {
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    observe('exporter', request.path, request.method, response.statusCode, seconds);
  });
  next();
});
app.use(express.json());

const schemas = JSON.parse(fs.readFileSync(path.join(__dirname, 'schemas.json'), 'utf8'));
const ajv = new Ajv({ strict: false, validateFormats: false });
for (const [route, family] of Object.entries(families)) {
  const valid = ajv.compile(schemas[route]);
  app.post(route, (request, response) => {
    if (!valid(request.body)) {
      const details = valid.errors.map((error) => ({ path: error.instancePath, problem: error.message }));
      response.status(400).json({ error: 'validation_error', details });
      return;
    }
    family.count(request.body);
    response.status(201).json(family.answer(request.body));
  });
}

app.get('/metrics', async (_, response) => {
  response.set('Content-Type', client.register.contentType).end(await client.register.metrics());
});

const server = app.listen(Number(process.argv[2]), '127.0.0.1');
server.keepAliveTimeout = 75000;
process.on('SIGTERM', () => process.exit(0));
