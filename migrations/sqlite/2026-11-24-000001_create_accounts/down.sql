DROP TABLE throttles;
DROP TABLE one_time_links;
DROP TABLE sessions;
DROP TABLE accounts;
