-- What profile iblis-mysql needs of an iBLIS besides its own tables (MySQL or MariaDB).
-- Names and numbers are the profile's; change both together.

INSERT INTO test_types (id, name, description, test_category_id, created_at, updated_at)
  SELECT 9001, 'Migrated', 'Results of the former system', MIN(id), NOW(), NOW() FROM test_categories;
INSERT INTO specimen_types (id, name, description, created_at, updated_at)
  VALUES (9001, 'Migrated', 'Not told by the former system', NOW(), NOW());

-- Original texts, and what iBLIS has no column for. Never shown by iBLIS, deleted with what they belong to.
CREATE TABLE legacy_patients (
  id int UNSIGNED NOT NULL PRIMARY KEY,
  given_names varchar(200), birth_name varchar(200), birth_date_as_written varchar(40), sex_as_written varchar(40),
  nir varchar(40), nir_key varchar(40),
  FOREIGN KEY (id) REFERENCES patients (id) ON DELETE CASCADE
) ENGINE=InnoDB CHARACTER SET utf8mb4;
CREATE TABLE legacy_tests (
  id int UNSIGNED NOT NULL PRIMARY KEY,
  registered_on_as_written varchar(40), received_on_as_written varchar(40), request_number varchar(80),
  visit_number varchar(80), site varchar(80), status varchar(80), ordered_tests text,
  FOREIGN KEY (id) REFERENCES tests (id) ON DELETE CASCADE
) ENGINE=InnoDB CHARACTER SET utf8mb4;
CREATE TABLE legacy_results (
  id bigint UNSIGNED NOT NULL PRIMARY KEY,
  label varchar(200), loinc varchar(20), comparator varchar(10), value decimal(28, 10), unit varchar(80),
  ucum varchar(80), reference_range varchar(200), status varchar(80), observed_on_as_written varchar(40),
  FOREIGN KEY (id) REFERENCES test_results (id) ON DELETE CASCADE
) ENGINE=InnoDB CHARACTER SET utf8mb4;
