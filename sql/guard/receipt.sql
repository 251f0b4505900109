-- A receipt says what happened; it may be forgotten, but not rewritten.

CREATE TRIGGER tenure_receipt_insert_guard BEFORE INSERT ON tenure_receipt
BEGIN
  SELECT tenure_refuse('write.exists', 'table', 'tenure_receipt')
    FROM tenure_receipt WHERE receipt_id = NEW.receipt_id;
END;

CREATE TRIGGER tenure_receipt_update_guard BEFORE UPDATE ON tenure_receipt
BEGIN
  SELECT tenure_refuse('write.append_only', 'table', 'tenure_receipt');
END;

-- Forgetting is allowed; asking for the clock keeps out clients that have not loaded the extension.
CREATE TRIGGER tenure_receipt_delete_guard BEFORE DELETE ON tenure_receipt
BEGIN
  SELECT session_now();
END;
