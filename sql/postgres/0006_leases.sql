-- Work that only one process may do at a time: it holds the lease of that name, and renews it while it
-- works. Whoever is gone loses it when it runs out.
CREATE TABLE leases (
  name text PRIMARY KEY,
  holder uuid NOT NULL,
  held_until timestamptz NOT NULL
);
