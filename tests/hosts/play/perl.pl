# perl.pl - plays the scenario of the hosts with DBD::SQLite; see ../player.py.
#
#   perl perl.pl EXTENSION DATABASE SCENARIO
#
# Perl binds what it is given as text, numbers too.
use strict;
use warnings;
use DBI;
use DBD::SQLite::Constants ':dbd_sqlite_string_mode';

my ($extension, $database, $scenario) = @ARGV;
binmode STDOUT, ':encoding(UTF-8)';

my $db = DBI->connect("dbi:SQLite:dbname=$database", '', '',
    {RaiseError => 1, PrintError => 0, sqlite_string_mode => DBD_SQLITE_STRING_MODE_UNICODE_STRICT});
$db->{sqlite_extended_result_codes} = 1;
$db->sqlite_enable_load_extension(1);
$db->sqlite_load_extension($extension);
print "host: Perl $^V, DBD::SQLite $DBD::SQLite::VERSION, SQLite ",
    $db->selectrow_array('SELECT sqlite_version()'), "\n";

open my $file, '<:encoding(UTF-8)', $scenario or die "$scenario: $!";
my $text = do { local $/; <$file> };
for my $block (split /^--\n/m, $text) {
    my @bound = $block =~ /^-- bind: (.*)$/mg;
    (my $sql = $block) =~ s/^--.*\n//mg;
    next if $sql !~ /\S/;
    eval {
        my $statement = $db->prepare($sql);
        $statement->execute(@bound);
        my $rows = $statement->{NUM_OF_FIELDS} ? $statement->fetchall_arrayref : [];
        print 'row: ', join('|', map { $_ // '' } @$_), "\n" for @$rows;
        1;
    } or print 'refused: ', $db->err, ' ', $db->errstr, "\n";
    print "--\n";
}
$db->disconnect;
print "closed\n";
