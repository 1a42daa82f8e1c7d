-- What would otherwise be looked for among everything that was ever recorded, while nothing else can be.

-- The report that changes start from, by its digest: a restored host names one of its first life.
CREATE INDEX system_reports_by_digest ON reports (system, digest) WHERE kind = 'system';
-- Moves that were made, to be forgotten by their time.
CREATE INDEX filings_done ON filings (done_at) WHERE done_at IS NOT NULL;
