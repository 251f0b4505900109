-- Receipts that tenure_gc may forget: whoever asks again does so soon. Those of the last 30 minutes and the newest
-- 10,000 are kept.

CREATE VIEW tenure_forgettable AS
SELECT r.receipt_id, r.verb, r.session_id, r.scope, r.at
  FROM tenure_receipt AS r
 WHERE r.at < session_now() - 1800
   AND r.at < (SELECT at FROM tenure_receipt ORDER BY at DESC LIMIT 1 OFFSET 9999);
