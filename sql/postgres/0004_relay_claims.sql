-- Several processes accept events at once: each has a watermark of its own, and one that lives takes on
-- what a process that is gone has left. A claim keeps two of them from doing the same work.
ALTER TABLE relay_watermarks ADD COLUMN claimed_until timestamptz;
