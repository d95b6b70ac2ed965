//! Enrolled devices: their certificates, enrolment, renewal and revocation.

pub mod identity;
