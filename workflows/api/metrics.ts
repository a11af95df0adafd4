/** What is counted for Prometheus. Labels are names of routes, collections and verdicts: never an id. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export class Metrics {
  readonly registry = new Registry();
  readonly requests = new Histogram({
    name: 'vantage_http_request_duration_seconds',
    help: 'Requests by route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
    registers: [this.registry],
  });
  readonly pushed = new Counter({
    name: 'vantage_replication_pushed_rows_total',
    help: 'Rows that stations pushed, by verdict',
    labelNames: ['collection', 'verdict'],
    registers: [this.registry],
  });
  readonly pulled = new Counter({
    name: 'vantage_replication_pulled_rows_total',
    help: 'Rows that stations pulled',
    labelNames: ['collection'],
    registers: [this.registry],
  });
  readonly resyncs = new Counter({
    name: 'vantage_replication_resyncs_total',
    help: 'Times that a station was told to begin again',
    labelNames: ['reason'],
    registers: [this.registry],
  });
  readonly streams = new Gauge({
    name: 'vantage_replication_streams',
    help: 'Stations that listen now',
    registers: [this.registry],
  });
  readonly branchedTrails = new Counter({
    name: 'vantage_audit_branches_total',
    help: 'Audit trails that went on from an older copy of a station that was put back',
    registers: [this.registry],
  });
  readonly brokenTrails = new Counter({
    name: 'vantage_audit_breaks_total',
    help: 'Audit segments that did not follow from what was there',
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }
}
