# ruby.rb - plays the scenario of the hosts with the gem sqlite3; see ../player.py.
#
#   ruby ruby.rb EXTENSION DATABASE SCENARIO

require 'sqlite3'

extension, database, scenario = ARGV

db = SQLite3::Database.new(database)
db.extended_result_codes = true
db.enable_load_extension(true)
db.load_extension(extension)
puts "host: Ruby #{RUBY_VERSION}, sqlite3 #{SQLite3::VERSION}, SQLite #{db.get_first_value('SELECT sqlite_version()')}"

File.read(scenario, encoding: 'UTF-8').split(/^--\n/).each do |block|
  bound = block.scan(/^-- bind: (.*)$/).flatten.map { |value| value.match?(/\A\d+\z/) ? value.to_i : value }
  sql = block.gsub(/^--.*\n/, '')
  next if sql.strip.empty?

  begin
    db.execute(sql, bound).each { |row| puts "row: #{row.join('|')}" }
  rescue SQLite3::Exception => e
    puts "refused: #{e.code} #{e.message}"
  end
  puts '--'
end
db.close
puts 'closed'
