-- What a person's name sorts by: accents and case folded away. sort_name_of is the program's own
-- (store/migrate.ts), since SQLite folds only ASCII.

ALTER TABLE staff ADD COLUMN sort_name TEXT NOT NULL DEFAULT '';

UPDATE staff SET sort_name = sort_name_of(name);

CREATE INDEX staff_order ON staff (role, sort_name, id);
