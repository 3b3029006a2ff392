/** Parameters with which the query `outbox-rows` gives all there are. */
export const EVERY_OUTBOX_ROW = {
  received_from: '2000-01-01T00:00:00.000Z',
  received_to: '2100-01-01T00:00:00.000Z',
  after_received_at: null,
  after_occurred_at: null,
  after_event_id: null,
  tenant_id: null,
  org_id: null,
  connection_id: null,
  provider: null,
  event_type: null,
  entity_type: null,
  entity_id: null,
  with_observations: true,
};
