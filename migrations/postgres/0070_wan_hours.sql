-- Hours of the week in which another WAN cap holds at a site, such as
-- `UTC+01:00 mon,tue,wed,thu,fri 08:00-18:00 10` (Mbit/s); empty: its own cap always holds.

ALTER TABLE sites ADD COLUMN wan_hours TEXT NOT NULL DEFAULT '';
