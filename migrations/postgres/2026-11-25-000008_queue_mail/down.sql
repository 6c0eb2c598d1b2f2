DROP TABLE unwanted_mails;
DROP TABLE mails;
