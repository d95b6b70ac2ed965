-- How well a device keeps its key, in its own words, such as `software`; null: it does not say.
ALTER TABLE devices ADD COLUMN key_level TEXT;
