-- The relay republishes what the bus never carried. Its watermark says up to when the outbox is
-- known to be published, so that each pass reads only what came after.
CREATE TABLE relay_watermarks (
  name text PRIMARY KEY,
  published_through timestamptz NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
