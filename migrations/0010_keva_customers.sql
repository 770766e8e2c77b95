-- Customers as Keva lists them: newest first, those who are VIP apart, and found by words.

CREATE INDEX customers_vip ON customers (created_at, id) WHERE is_vip = 1;

INSERT INTO counters (name, value) SELECT 'vip_customers', count(*) FROM customers WHERE is_vip = 1;

CREATE TRIGGER customers_vip_counted AFTER INSERT ON customers WHEN new.is_vip = 1 BEGIN
  UPDATE counters SET value = value + 1 WHERE name = 'vip_customers';
END;

CREATE TRIGGER customers_vip_recounted AFTER UPDATE OF is_vip ON customers
WHEN old.is_vip <> new.is_vip
BEGIN
  UPDATE counters SET value = value + new.is_vip - old.is_vip WHERE name = 'vip_customers';
END;

CREATE TRIGGER customers_vip_uncounted AFTER DELETE ON customers WHEN old.is_vip = 1 BEGIN
  UPDATE counters SET value = value - 1 WHERE name = 'vip_customers';
END;

-- Triggers follow changes and removals; new customers are indexed once per group commit, like
-- messages (store/search.ts).
CREATE VIRTUAL TABLE customer_search USING fts5 (
  email, name, company,
  content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);

INSERT INTO customer_search (rowid, email, name, company)
  SELECT id, email, coalesce(name, ''), coalesce(company, '') FROM customers;

CREATE TRIGGER customers_unsearched AFTER DELETE ON customers BEGIN
  DELETE FROM customer_search WHERE rowid = old.id;
END;

CREATE TRIGGER customers_searched_again AFTER UPDATE OF email, name, company ON customers
WHEN (old.email, old.name, old.company) IS NOT (new.email, new.name, new.company)
BEGIN
  UPDATE customer_search SET
    email = new.email,
    name = coalesce(new.name, ''),
    company = coalesce(new.company, '')
  WHERE rowid = new.id;
END;
