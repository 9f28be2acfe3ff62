-- Ids are never used again (AUTOINCREMENT): clients remember them. Names ignore case, as on GitHub.
CREATE TABLE IF NOT EXISTS users (
  id INTEGER PRIMARY KEY AUTOINCREMENT, login TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL,
  email TEXT NOT NULL, kind TEXT NOT NULL DEFAULT 'User');
CREATE TABLE IF NOT EXISTS tokens (
  sha256 TEXT PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id));
CREATE TABLE IF NOT EXISTS repositories (
  id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL COLLATE NOCASE, name TEXT NOT NULL COLLATE NOCASE,
  description TEXT, private INTEGER NOT NULL, default_branch TEXT NOT NULL,
  fork_of INTEGER REFERENCES repositories(id), created_at TEXT NOT NULL, pushed_at TEXT NOT NULL,
  archived INTEGER NOT NULL DEFAULT 0, UNIQUE (owner, name));
CREATE TABLE IF NOT EXISTS old_names (
  id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL COLLATE NOCASE, name TEXT NOT NULL COLLATE NOCASE,
  repository_id INTEGER NOT NULL REFERENCES repositories(id), UNIQUE (owner, name));
CREATE TABLE IF NOT EXISTS members (
  repository_id INTEGER NOT NULL REFERENCES repositories(id), login TEXT NOT NULL COLLATE NOCASE,
  role TEXT NOT NULL, PRIMARY KEY (repository_id, login));
CREATE TABLE IF NOT EXISTS statuses (
  id INTEGER PRIMARY KEY AUTOINCREMENT, repository_id INTEGER NOT NULL REFERENCES repositories(id),
  sha TEXT NOT NULL, context TEXT NOT NULL COLLATE NOCASE, state TEXT NOT NULL, description TEXT,
  target_url TEXT, creator TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS statuses_of_commit ON statuses (repository_id, sha, context);
CREATE TABLE IF NOT EXISTS comments (
  id INTEGER PRIMARY KEY AUTOINCREMENT, repository_id INTEGER NOT NULL REFERENCES repositories(id),
  sha TEXT, number INTEGER, author TEXT NOT NULL, body TEXT NOT NULL, created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS comments_of_repository ON comments (repository_id, sha, number);
CREATE TABLE IF NOT EXISTS reactions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, comment_id INTEGER NOT NULL REFERENCES comments(id),
  author TEXT NOT NULL, content TEXT NOT NULL, created_at TEXT NOT NULL,
  UNIQUE (comment_id, author, content));
CREATE TABLE IF NOT EXISTS pulls (
  id INTEGER PRIMARY KEY AUTOINCREMENT, repository_id INTEGER NOT NULL REFERENCES repositories(id),
  number INTEGER NOT NULL, title TEXT NOT NULL, body TEXT, author TEXT NOT NULL, base_ref TEXT NOT NULL,
  base_sha TEXT NOT NULL, head_repository_id INTEGER NOT NULL REFERENCES repositories(id),
  head_ref TEXT NOT NULL, head_sha TEXT NOT NULL, state TEXT NOT NULL, created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL, closed_at TEXT, UNIQUE (repository_id, number));
CREATE TABLE IF NOT EXISTS hooks (
  id INTEGER PRIMARY KEY AUTOINCREMENT, repository_id INTEGER REFERENCES repositories(id),
  app_id INTEGER REFERENCES apps(id), url TEXT NOT NULL, secret TEXT NOT NULL, events TEXT NOT NULL, active INTEGER NOT NULL,
  created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT, hook_id INTEGER NOT NULL REFERENCES hooks(id), guid TEXT NOT NULL,
  event TEXT NOT NULL, action TEXT, redelivery INTEGER NOT NULL, payload TEXT NOT NULL,
  created_at TEXT NOT NULL, delivered_at TEXT, code INTEGER NOT NULL, answer TEXT NOT NULL,
  seconds REAL NOT NULL, repository_id INTEGER, installation_id INTEGER, headers TEXT,
  answer_headers TEXT);
CREATE INDEX IF NOT EXISTS deliveries_of_hook ON deliveries (hook_id, id);
CREATE TABLE IF NOT EXISTS apps (
  id INTEGER PRIMARY KEY AUTOINCREMENT, slug TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL,
  owner TEXT NOT NULL COLLATE NOCASE, description TEXT, url TEXT NOT NULL, public INTEGER NOT NULL,
  client_id TEXT NOT NULL UNIQUE, public_key TEXT NOT NULL, permissions TEXT NOT NULL, events TEXT NOT NULL,
  setup_url TEXT, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS installations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, app_id INTEGER NOT NULL REFERENCES apps(id),
  account TEXT NOT NULL COLLATE NOCASE, selection TEXT NOT NULL, permissions TEXT NOT NULL,
  events TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, suspended_at TEXT,
  suspended_by TEXT, deleted_at TEXT);
CREATE INDEX IF NOT EXISTS installations_of_account ON installations (account, app_id);
CREATE TABLE IF NOT EXISTS selected_repositories (
  id INTEGER PRIMARY KEY AUTOINCREMENT, installation_id INTEGER NOT NULL REFERENCES installations(id),
  repository_id INTEGER NOT NULL REFERENCES repositories(id), removed_at TEXT);
CREATE INDEX IF NOT EXISTS selected_of_installation ON selected_repositories (installation_id);
CREATE TABLE IF NOT EXISTS installation_tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT, sha256 TEXT NOT NULL UNIQUE,
  installation_id INTEGER NOT NULL REFERENCES installations(id), permissions TEXT NOT NULL,
  repository_ids TEXT, expires_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS check_suites (
  id INTEGER PRIMARY KEY AUTOINCREMENT, repository_id INTEGER NOT NULL REFERENCES repositories(id),
  app_id INTEGER NOT NULL, sha TEXT NOT NULL, head_branch TEXT, created_at TEXT NOT NULL,
  UNIQUE (repository_id, app_id, sha));
CREATE TABLE IF NOT EXISTS check_runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, suite_id INTEGER NOT NULL REFERENCES check_suites(id),
  repository_id INTEGER NOT NULL REFERENCES repositories(id), app_id INTEGER NOT NULL, sha TEXT NOT NULL,
  name TEXT NOT NULL, external_id TEXT NOT NULL, details_url TEXT, status TEXT NOT NULL, conclusion TEXT,
  started_at TEXT NOT NULL, completed_at TEXT, title TEXT, summary TEXT, text TEXT, actions TEXT NOT NULL,
  updated_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS check_runs_of_commit ON check_runs (repository_id, sha);
CREATE TABLE IF NOT EXISTS annotations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, check_run_id INTEGER NOT NULL REFERENCES check_runs(id),
  path TEXT NOT NULL, start_line INTEGER NOT NULL, end_line INTEGER NOT NULL, start_column INTEGER,
  end_column INTEGER, annotation_level TEXT NOT NULL, title TEXT, message TEXT NOT NULL, raw_details TEXT);
CREATE INDEX IF NOT EXISTS annotations_of_check_run ON annotations (check_run_id);
CREATE TABLE IF NOT EXISTS sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, sha256 TEXT NOT NULL UNIQUE,
  user_id INTEGER NOT NULL REFERENCES users(id), expires_at TEXT NOT NULL, once INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS manifest_codes (
  id INTEGER PRIMARY KEY AUTOINCREMENT, sha256 TEXT NOT NULL UNIQUE, app_id INTEGER NOT NULL REFERENCES apps(id),
  secrets TEXT NOT NULL, expires_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS organization_owners (
  organization TEXT NOT NULL COLLATE NOCASE, login TEXT NOT NULL COLLATE NOCASE,
  PRIMARY KEY (organization, login));
