/** The stations of the caller's locations, as the cloud knows them. No patient. */
import { sql } from 'kysely';
import type { Alert, FleetStation, FleetView } from '../../../electron/contract/index.ts';
import { alertSchema, unpushedSchema } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';

const ALERTS_SHOWN = 20;

interface Counts {
  readonly station_id: string;
  readonly quarantined: number;
  readonly quarantined_at: Date | null;
  readonly open_uploads: number;
  readonly open_bytes: number;
  readonly trail_breaks: number;
}

export async function fleetView(tx: Scoped, now: Date): Promise<FleetView> {
  const stations = await tx
    .selectFrom('stations')
    .innerJoin('locations', (join) =>
      join.onRef('locations.tenant_id', '=', 'stations.tenant_id').onRef('locations.id', '=', 'stations.location_id'),
    )
    .selectAll('stations')
    .select('locations.name as location_name')
    .orderBy('locations.name')
    .orderBy('stations.name')
    .orderBy('stations.id')
    .execute();
  const counts = await sql<Counts>`SELECT * FROM fleet_counts()`.execute(tx);
  const byStation = new Map(counts.rows.map((row) => [row.station_id, row]));
  const alerts = await openAlerts(tx);
  return {
    at: now.toISOString(),
    stations: stations.map((row): FleetStation => {
      const counted = byStation.get(row.id);
      return {
        stationId: row.id,
        name: row.name,
        locationName: row.location_name,
        state: row.state,
        contractVersion: row.contract_version,
        enrolledAt: row.enrolled_at.toISOString(),
        lastContactAt: row.last_seen_at?.toISOString() ?? null,
        unsent:
          row.backlog === null || row.backlog_at === null
            ? null
            : { ...unpushedSchema.parse(row.backlog), at: row.backlog_at.toISOString() },
        arriving: { files: counted?.open_uploads ?? 0, leftBytes: counted?.open_bytes ?? 0 },
        quarantined: {
          records: counted?.quarantined ?? 0,
          lastAt: counted?.quarantined_at?.toISOString() ?? null,
        },
        trailBreaks: counted?.trail_breaks ?? 0,
        alerts: alerts
          .filter((alert) => alert.stationId === row.id)
          .slice(0, ALERTS_SHOWN)
          .map(({ id, kind, severity, text, createdAt }) => ({ id, kind, severity, text, at: createdAt })),
      };
    }),
  };
}

/** Not resolved, the newest first. */
async function openAlerts(tx: Scoped): Promise<Alert[]> {
  const rows = await tx
    .selectFrom('documents')
    .select('document')
    .where('collection', '=', 'alerts')
    .where('deleted', '=', false)
    .where(sql<string | null>`document ->> 'resolvedAt'`, 'is', null)
    .execute();
  return rows
    .map(({ document }) => alertSchema.parse(document))
    .toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
}
