//! In which order breaks are offered, what is shown when nothing else is, and who calls the URLs of decision servers.

pub mod db;
pub mod routes;
