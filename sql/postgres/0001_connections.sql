-- Connections are the control plane's subject: which tenant is connected to which account of which
-- provider. A secret stands here only as a reference (secret_ref), never as a value.
CREATE TABLE connections (
  id text PRIMARY KEY,
  tenant_id text NOT NULL,
  -- NULL is platform level: visible to every organisation of the tenant.
  org_id text,
  provider text NOT NULL,
  name text NOT NULL,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'error')),
  settings jsonb NOT NULL DEFAULT '{}',
  secret_ref text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  -- Counts changes, so that two writers at once do not overwrite each other unseen.
  version bigint NOT NULL DEFAULT 1,
  UNIQUE (tenant_id, provider, name)
);
