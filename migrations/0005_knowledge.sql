-- The knowledge base: articles in categories, how many there are, and their full text.

CREATE TABLE knowledge_categories (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  description TEXT,
  icon TEXT,
  status TEXT NOT NULL DEFAULT 'published' CHECK (status IN ('published', 'draft')),
  sort_order INTEGER NOT NULL DEFAULT 0,
  articles_count INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX knowledge_categories_order ON knowledge_categories (sort_order, id);
CREATE INDEX knowledge_categories_name ON knowledge_categories (name);

-- What is long comes last, so that reading the rest passes over no long text.
CREATE TABLE articles (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL DEFAULT 'published' CHECK (status IN ('published', 'draft', 'archived')),
  source TEXT NOT NULL DEFAULT 'manual' CHECK (source IN ('manual', 'ai')),
  category_id INTEGER REFERENCES knowledge_categories (id) ON DELETE SET NULL,
  author_id INTEGER REFERENCES staff (id) ON DELETE SET NULL,
  views INTEGER NOT NULL DEFAULT 0,
  helpful_yes INTEGER NOT NULL DEFAULT 0,
  helpful_no INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  title TEXT NOT NULL,
  slug TEXT NOT NULL UNIQUE,
  excerpt TEXT,
  content TEXT
) STRICT;

CREATE INDEX articles_created ON articles (created_at, id);
CREATE INDEX articles_status ON articles (status, created_at, id);
CREATE INDEX articles_category ON articles (category_id, status, created_at, id)
  WHERE category_id IS NOT NULL;
CREATE INDEX articles_author ON articles (author_id) WHERE author_id IS NOT NULL;

-- Running totals by status: of all articles (category 0), and of each category that has had some.
CREATE TABLE article_counts (
  category_id INTEGER NOT NULL,
  status TEXT NOT NULL,
  articles INTEGER NOT NULL,
  PRIMARY KEY (category_id, status)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER articles_counted AFTER INSERT ON articles BEGIN
  INSERT INTO article_counts VALUES (0, new.status, 1)
    ON CONFLICT DO UPDATE SET articles = articles + 1;
  INSERT INTO article_counts SELECT new.category_id, new.status, 1 WHERE new.category_id IS NOT NULL
    ON CONFLICT DO UPDATE SET articles = articles + 1;
  UPDATE knowledge_categories SET articles_count = articles_count + 1 WHERE id = new.category_id;
END;

CREATE TRIGGER articles_recounted AFTER UPDATE OF status, category_id ON articles
WHEN old.status <> new.status OR old.category_id IS NOT new.category_id
BEGIN
  UPDATE article_counts SET articles = articles - 1
    WHERE category_id IN (0, old.category_id) AND status = old.status;
  INSERT INTO article_counts VALUES (0, new.status, 1)
    ON CONFLICT DO UPDATE SET articles = articles + 1;
  INSERT INTO article_counts SELECT new.category_id, new.status, 1 WHERE new.category_id IS NOT NULL
    ON CONFLICT DO UPDATE SET articles = articles + 1;
  UPDATE knowledge_categories SET articles_count = articles_count - 1 WHERE id = old.category_id;
  UPDATE knowledge_categories SET articles_count = articles_count + 1 WHERE id = new.category_id;
END;

CREATE TRIGGER articles_uncounted AFTER DELETE ON articles BEGIN
  UPDATE article_counts SET articles = articles - 1
    WHERE category_id IN (0, old.category_id) AND status = old.status;
  UPDATE knowledge_categories SET articles_count = articles_count - 1 WHERE id = old.category_id;
END;

-- By then the articles of the category have none, and have been counted again.
CREATE TRIGGER knowledge_categories_removed AFTER DELETE ON knowledge_categories BEGIN
  DELETE FROM article_counts WHERE category_id = old.id;
END;

-- Full text. Every word that is asked for may be the beginning of one, so beginnings of up to three
-- characters have indexes of their own. The status is a term too, so that no article of another one
-- is looked at. Articles are written rarely: triggers do it at once.
CREATE VIRTUAL TABLE article_search USING fts5 (
  title, excerpt, content, status,
  content = '', contentless_delete = 1, prefix = '1 2 3',
  tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TRIGGER articles_searched AFTER INSERT ON articles BEGIN
  INSERT INTO article_search (rowid, title, excerpt, content, status)
    VALUES (new.id, new.title, new.excerpt, new.content, new.status);
END;

CREATE TRIGGER articles_searched_again AFTER UPDATE OF title, excerpt, content, status ON articles
WHEN old.title IS NOT new.title OR old.excerpt IS NOT new.excerpt
  OR old.content IS NOT new.content OR old.status IS NOT new.status
BEGIN
  UPDATE article_search SET
    title = new.title, excerpt = new.excerpt, content = new.content, status = new.status
  WHERE rowid = new.id;
END;

CREATE TRIGGER articles_unsearched AFTER DELETE ON articles BEGIN
  DELETE FROM article_search WHERE rowid = old.id;
END;
