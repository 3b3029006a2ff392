/** WAL written before a checkpoint is due, in bytes. Bounds the disk used and the time of recovery. */
export const CHECKPOINT_AFTER_WAL_BYTES = 32 * 1024 * 1024;

/**
 * Server settings of every start. They replace PGlite's own start parameters, whose `-F` turns
 * fsync off; the rest of those is kept.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  search_path: 'public',
  exit_on_error: 'false',
  log_checkpoints: 'false',
  max_worker_processes: '0',
  max_parallel_workers: '0',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  io_method: 'sync',
  fsync: 'on',
  // The default, fdatasync, is an empty function in PGlite's WebAssembly build; fsync is not.
  wal_sync_method: 'fsync',
  // initdb writes 128 MB, all of which ends up resident.
  shared_buffers: '4MB',
  // How much WAL a checkpoint keeps for reuse. There is no automatic checkpoint, see maintenance.ts.
  max_wal_size: '32MB',
  min_wal_size: '4MB',
};

/** Arguments of the `postgres` process inside PGlite: single-user mode and the settings. */
export const START_PARAMS: readonly string[] = [
  '--single', // must come first
  '-O', // allows changes to the system tables' structure
  '-j', // newlines do not end a statement
  ...Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
];

/** Arguments of initdb. Segments of 1 MB instead of 16 keep a new folder small. */
export const INITDB_PARAMS: readonly string[] = ['--wal-segsize=1'];
