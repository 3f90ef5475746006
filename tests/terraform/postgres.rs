//! A PostgreSQL server for one test, in a folder of its own and without a port.

use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use xtask::Tool;

use crate::scene::fail;

/// The versions that distributions carry.
const VERSIONS: [&str; 4] = ["15", "17", "16", "18"];

/// A running server. Dropped, it stops.
pub struct Postgres {
    child: Child,
    folder: TempDir,
}

impl Postgres {
    pub fn start() -> Self {
        let (initdb, postgres) = tools();
        // The path of a socket must be short, and the folder is the server's own.
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display().to_string();
        let data = format!("{place}/data");
        Tool::give_to_unprivileged(folder.path()).unwrap();
        let made = initdb
            .unprivileged()
            .args(["-D", &data, "-U", "team", "--auth=trust", "--no-sync"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(made.status.success(), "{said}");
        let child = postgres
            .unprivileged()
            .args(["-D", &data, "-k", &place, "-h", "", "-F"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, folder }
    }

    /// How clients find it.
    pub fn connection(&self) -> String {
        let place = self.folder.path().display();
        format!("host={place} user=team dbname=postgres sslmode=disable")
    }

    /// Whether it takes connections.
    pub fn is_ready(&self) -> bool {
        self.folder.path().join(".s.PGSQL.5432").exists()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The quick way down; a killed server would leave its children.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-s", "INT", &id]).status();
        let _ = self.child.wait();
    }
}

fn tools() -> (Tool, Tool) {
    let mut why = String::new();
    for version in VERSIONS {
        let package = format!("postgresql-{version}");
        let obtain = |name: &str| {
            Tool::obtain(
                &package,
                &format!("usr/lib/postgresql/{version}/bin/{name}"),
            )
        };
        match (obtain("initdb"), obtain("postgres")) {
            (Ok(initdb), Ok(postgres)) => return (initdb, postgres),
            (Err(error), _) | (_, Err(error)) => why = error.to_string(),
        }
    }
    fail(&why)
}
