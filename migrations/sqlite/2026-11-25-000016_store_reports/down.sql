DROP TABLE registry_files;
DROP TABLE report_grants;
DROP TABLE report_editions;
DROP TABLE published_reports;
