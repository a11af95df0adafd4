-- What a station has and the cloud does not, as it last told itself: counts and a time (the contract's `unpushedSchema`).
ALTER TABLE stations
  ADD COLUMN backlog jsonb,
  ADD COLUMN backlog_at timestamptz;
