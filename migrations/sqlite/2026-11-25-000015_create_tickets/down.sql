DROP TABLE ticket_attachments;
DROP TABLE ticket_messages;
DROP TABLE tickets;
DROP TABLE stored_file_chunks;
DROP TABLE stored_files;
