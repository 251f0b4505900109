// java.java - plays the scenario of the hosts with the JDBC driver for SQLite; see ../player.py.
//
//   java -cp sqlite-jdbc.jar java.java EXTENSION DATABASE SCENARIO

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.sqlite.SQLiteException;

class Play {
  static final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  static void play(Connection db, String sql, List<String> bound) throws SQLException {
    try (PreparedStatement statement = db.prepareStatement(sql)) {
      for (int i = 0; i < bound.size(); i++) {
        String value = bound.get(i);
        if (value.matches("\\d+")) {
          statement.setLong(i + 1, Long.parseLong(value));
        } else {
          statement.setString(i + 1, value);
        }
      }
      if (!statement.execute()) return;
      try (ResultSet rows = statement.getResultSet()) {
        int columns = rows.getMetaData().getColumnCount();
        while (rows.next()) {
          List<String> row = new ArrayList<>();
          for (int i = 1; i <= columns; i++) {
            String value = rows.getString(i);
            row.add(value == null ? "" : value);
          }
          out.println("row: " + String.join("|", row));
        }
      }
    }
  }

  public static void main(String[] args) throws Exception {
    Connection db = DriverManager.getConnection("jdbc:sqlite:" + args[1] + "?enable_load_extension=true");
    try (PreparedStatement load = db.prepareStatement("SELECT load_extension(?)")) {
      load.setString(1, args[0]);
      load.execute();
    }
    out.println("host: Java " + System.getProperty("java.version") + ", JDBC driver "
        + db.getMetaData().getDriverVersion() + ", SQLite " + db.getMetaData().getDatabaseProductVersion());
    for (String block : Files.readString(Path.of(args[2])).split("(?m)^--\n")) {
      StringBuilder sql = new StringBuilder();
      List<String> bound = new ArrayList<>();
      for (String line : block.split("\n")) {
        if (line.startsWith("-- bind: ")) bound.add(line.substring("-- bind: ".length()));
        if (!line.startsWith("--")) sql.append(line).append('\n');
      }
      if (sql.toString().isBlank()) continue;
      try {
        play(db, sql.toString(), bound);
      } catch (SQLiteException error) {
        out.println("refused: " + error.getResultCode().code + " " + error.getMessage());
      }
      out.println("--");
    }
    db.close();
    out.println("closed");
  }
}
