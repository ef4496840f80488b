-- The shop's tables.

/* A schema. */
CREATE SCHEMA shop;
CREATE EXTENSION IF NOT EXISTS pgcrypto;

-- Things to sell.
-- One row each.
CREATE TABLE IF NOT EXISTS shop.items (
    id SERIAL PRIMARY KEY,
    -- What it is called.
    name VARCHAR(255) NOT NULL DEFAULT 'create table no',
    cents INTEGER CHECK (cents > 0),
    CONSTRAINT named UNIQUE (name)
);

CREATE INDEX items_name ON shop.items (name);
CREATE TYPE color AS ENUM ('red', 'green');
CREATE SEQUENCE shop.ids START 1;

-- What is cheap.
CREATE OR REPLACE VIEW cheap AS
SELECT id, name FROM shop.items WHERE cents < 100;

CREATE MATERIALIZED VIEW totals AS SELECT sum(cents) FROM shop.items;

-- Adds.
CREATE FUNCTION add(a integer, b integer) RETURNS integer AS $$
    SELECT a + b;
$$ LANGUAGE SQL;

CREATE OR REPLACE FUNCTION shop.touch() RETURNS trigger AS $$
BEGIN
    NEW.updated = now();
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

CREATE TRIGGER touched BEFORE UPDATE ON shop.items
    FOR EACH ROW EXECUTE FUNCTION shop.touch();

CREATE TABLE copied AS SELECT * FROM shop.items;
CREATE ROLE clerk;
CREATE DATABASE shopdb;
CREATE POLICY own ON shop.items;

INSERT INTO shop.items (name) VALUES ('CREATE TABLE no (id INT)');
ALTER TABLE shop.items ADD COLUMN color color;
DROP TABLE IF EXISTS old;
