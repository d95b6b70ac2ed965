-- Who somebody is at the identity provider, for people whom the directory made before they came.

-- Issuer and subject; null: they have not come through the provider.
ALTER TABLE people ADD COLUMN subject TEXT;
CREATE UNIQUE INDEX people_subject ON people (subject);
