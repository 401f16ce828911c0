# The dashboard in German.
now = Jetzt
sessions = Verlauf
home = Zuhause
skills = Fähigkeiten
system = System
pages = Seiten
light-theme = Hell
dark-theme = Dunkel
auto-theme = Auto
theme = Aussehen
language = Sprache

sign-in = Anmelden
sign-in-why = Dieser Hub gehört zu einem Zuhause. Gib den Code ein, den er zeigt und den `loqa dashboard` schreibt, oder das Passwort.
code = Code oder Passwort
wrong-code = Das ist weder der Code, den der Hub zeigt, noch das Passwort.
locked = Zu viele falsche Codes. Warte einige Minuten und versuche es noch einmal.
sign-out = Abmelden
unreachable = Der Hub antwortet nicht. Diese Seite versucht es von selbst weiter.

mood-offline = Verbinde wieder …
mood-hearing = Hört zu
mood-thinking = Denkt nach
mood-speaking = Spricht
mood-awake = Sag einen Befehl
mood-asleep = Bereit
mood-muted = Stumm
mood-deaf = Mikrofon aus
nothing-yet = Noch nichts gesagt. Versuch eines davon:
you-said = Du hast gesagt
loqa-says = Loqa sagt
type-a-command = Befehl schreiben
send = Senden
talk = Sprechen
mute = Stumm
unmute = Hören
yes = Ja
no = Nein
undo = Rückgängig
why = Warum?
dismiss = Schließen

timers = Timer
timer = Timer
ringing = Klingelt
paused = Angehalten
stop = Stopp
cancel = Abbrechen
of-time = von { $total }
alarms = Wecker und Erinnerungen
alarm = Wecker
snooze = Später
snoozed = Kommt wieder
missed = Verpasst
today = heute
tomorrow = morgen
every-day = jeden Tag
every-weekday = Montag bis Freitag
every-weekend = am Wochenende
lists = Listen
notes = Notizen
empty-list = Nichts darauf
items = { $count ->
    [one] 1 Eintrag
   *[other] { $count } Einträge
}
more-items = … und { $count } weitere
elsewhere = Ganzes Haus
on = An
off = Aus
open = Offen
closed = Zu
is-locked = Verschlossen
is-unlocked = Offen
playing = Spielt
unknown = –
more = Mehr
less = Weniger

no-turns = Nichts in den letzten 15 Minuten. Was davor gesagt wurde, ist vergessen.
turns-about = Die letzten 15 Minuten, nur im Speicher.
rejected = Kein Befehl
typed = Geschrieben
spoken = Gesprochen
understood-as = Verstanden als
nothing-matched = Nichts passte
class = Klasse
plan = Plan
plan-none = Nach dem letzten Wort gemacht
plan-hit = Vor dem letzten Wort bereit
plan-miss = Neu gemacht: Die letzten Wörter waren andere
first-sound = Erster Ton
partials = Die Wörter, wie sie kamen, vor dem Ende des letzten
waterfall = Vom letzten Wort zum ersten Ton
hop-endpoint = Hat ausgesprochen
hop-final = Letztes Wort bekannt
hop-commit = Getan
hop-voice = Stimme bereit
hop-playback = Erster Ton
typed-no-times = Was geschrieben wurde, hat keine Sprechzeiten.
ms = { $ms } ms

also-called = Heißt auch
asks-first = Fragt vorher
can-do = Kann
home-demonstration = Das ist ein Beispiel. Deine erste Änderung macht daraus dein Zuhause, in { $file }.
home-kept = Räume und Geräte stehen in { $file }.
how-to-say = Wie sage ich das?
add-device = Gerät hinzufügen
add-room = Raum hinzufügen
edit = Bearbeiten
edit-it = Bearbeiten: { $name }
edit-device = Gerät bearbeiten
edit-room = Raum bearbeiten
field-name = Name, wie du ihn sagst
field-aliases = Heißt auch (mit Kommas getrennt)
field-area = Raum
field-kind = Art
field-features = Kann (etwa brightness, colour)
field-confirm = Vor jedem Befehl fragen
field-floor = Stockwerk
no-room = Keiner
save = Speichern
remove = Entfernen
home-changed = Jemand hat das inzwischen geändert. Hier steht, wie es jetzt ist: Ändere es noch einmal.
remove-sure = Wirklich entfernen?

try-it = Einen Satz ausprobieren
try-it-about = Was würde er bedeuten? Es wird nichts getan.
try = Ausprobieren
means-nothing = Keine Fähigkeit kennt diesen Satz.
examples = Beispiele
sentences = Sätze
intents = { $count ->
    [one] 1 Absicht
   *[other] { $count } Absichten
}
what-it-may-do = Was sie darf
from-loqa = Kommt mit Loqa.
from-folder = In einem Ordner, den die Einstellungen nennen.
from-installed = Installiert.
skill-settings = Einstellungen
as-the-skill-has-it = Wie vorgesehen
skill-on = Eingeschaltet
skill-off = Ausgeschaltet
skill-pinned = Bei Version { $version } bleiben, was auch installiert wird
skill-rollback = Zurück zu Version { $version }
skill-remove-about = Sie geht mit allen ihren Versionen. Was sie getan hat, bleibt: Timer laufen weiter, Listen behalten, was darauf steht.
install-from-file = Aus einer Datei installieren …
install = Installieren
close = Schließen
skill-looking = Wird angesehen …
skill-install = { $skill } installieren?
skill-instead = Anstelle von Version { $version }.
skill-wants = Sie möchte dürfen
skill-wants-more = Neu: Was die Version davor nicht durfte
skill-refused = Das kann nicht installiert werden
skill-too-large = Diese Datei ist größer als 16 MiB: Sie ist keine Fähigkeit.
skill-installed = { $skill } ist installiert.
skill-installed-off = { $skill } ist installiert, und ausgeschaltet wie zuvor.
skill-kept = { $skill } ist aufbewahrt. Die Version davor bleibt, wie gewünscht.
calls = Was Fähigkeiten brauchen
calls-about = Die letzten Aufrufe ihres Codes, ohne ein Wort, das jemand gesagt hat. Nur im Arbeitsspeicher.
calls-empty = Noch keine.
call-prepare = bereitet vor
call-commit = führt aus
call-took = { $ms } ms
call-memory = { $kb } kB
call-asked = { $count ->
    [one] fragte einmal nach
   *[other] fragte { $count }-mal nach
  }
audit = Was installiert, erlaubt und abgelehnt wurde
audit-empty = Noch nichts.
audit-refused = abgelehnt
audit-install = Installieren
audit-upgrade = Neue Version
audit-grant = Erlaubnis
audit-disable = Ausschalten
audit-enable = Einschalten
audit-pin = Version wählen
audit-rollback = Version davor
audit-remove = Entfernen
audit-effect = Mehr, als sie darf
audit-load = Ihren Code benutzen
audit-rest = Zu oft gescheitert
audit-set = Einstellung
audit-invoke = Benutzt

models = Modelle
models-about = Befehle beantwortet Loqa ohne sie. Mit ihnen versteht es mehr; sie kommen nur, wenn du es sagst.
models-machine = Dieser Rechner hat { $processors } und { $gib } GiB Speicher.
models-from = Geholt werden sie von { $place }.
models-asking = Sieht nach, was da ist …
models-used = Was benutzt wird, und warum
processors = { $count ->
    [one] 1 Prozessor
   *[other] { $count } Prozessoren
}
model-for-stt = Beliebige Wörter verstehen
model-for-wake = Weckrufe
model-for-llm = Denken
model-for-tts = Stimmen
model-for-vad = Hören, dass jemand spricht
model-auto = Das größte, das da ist und passt
model-none = Keines
model-none-here = Noch ist keines da.
model-recommended = Passt zu diesem Rechner
model-used = Benutzt
model-absent = Nicht da
model-paused = Angehalten
model-waiting = Wartet auf ein anderes
model-fetching = Unterwegs
model-checking = Wird geprüft
model-here = Da
model-damaged = Beschädigt
model-memory = { $gib } GiB Speicher
model-measured = Hier hat es { $speech } s Sprache in { $ms } ms gelesen.
model-measured-answer = Hier begann eine Antwort nach { $ms } ms, { $words } Wörter in der Sekunde.
model-unfit = Es braucht mehr Speicher, als dieser Rechner hat.
model-sound = Es ist, wie es kam.
model-comes = Wie viel von { $name } da ist
model-came = { $mib } MiB davon sind da.
model-file = Datei { $number }
mib = { $mib } MiB
mib-per-s = { $mib } MiB/s
left-s = noch { $s } s
left-min = noch { $min } min
left-h = noch { $h } h
language-mul = viele Sprachen
language-en = Englisch
language-de = Deutsch
model-get = Holen
model-pause = Anhalten
model-go-on = Weiter
model-get-again = Neu holen
model-use = Benutzen
model-check = Prüfen
model-forget = Verwerfen

privacy = Privatsphäre
privacy-about = Was dieses Haus verlässt, wer es erlaubt hat, was hier behalten wird, und was du daran ändern kannst. Was gesagt und getan wird, bleibt auf dem Rechner der Zentrale, solange nichts von dem hier hinausgeht.
privacy-asking = Sehe nach, was hinausgeht …
seal = Versiegeltes Haus
seal-switch = Das Haus versiegeln
seal-about = Solange es versiegelt ist, gibt es keine Verbindung irgendwohin: Geräte von Home Assistant werden nicht erreicht, Fähigkeiten fragen niemanden, und kein Modell kommt; alles andere geht wie immer.
seal-on = Das Haus ist versiegelt, auch nach einem neuen Start der Zentrale.
seal-off = Das Haus ist offen: Was hier erlaubt ist, darf hinausgehen.
egress = Verbindungen nach draußen
egress-about = Andere öffnet Loqa nicht. Diese Liste steht nur im Arbeitsspeicher und beginnt mit jedem Start der Zentrale neu.
egress-since = Gezählt seit { $time }.
egress-none = Nichts darf hinausgehen, und nichts ist hinausgegangen.
egress-for-home-assistant = Home Assistant
egress-for-skill = Fähigkeiten
egress-for-model = Modelle
egress-anywhere-home-assistant = Mehrere Orte
egress-anywhere-skill = Mehrere Orte
egress-anywhere-model = Wo ihre Herausgeber sie haben
egress-allowed = { $who } darf dort fragen: von diesem Haushalt erlaubt am { $time }.
egress-asks = { $who } darf dort fragen: So steht es in der skill.yaml, in einem Ordner, den die Einstellungen nennen.
egress-setting = Erlaubt durch die Einstellung { $setting }.
egress-order = Nur wenn jemand hier eines holt.
egress-model = Jemand hier wollte { $who }.
egress-forbidden = Nichts erlaubt es, oder nicht mehr. Gewollt von: { $who }
egress-nothing = Dorthin ist nichts gegangen.
egress-sums = { $count ->
    [one] 1 Verbindung
   *[other] { $count } Verbindungen
}: { $out } hinaus, { $in } herein; die letzte { $ago }.
egress-failed = { $count ->
    [one] Einmal hat dort niemand geantwortet.
   *[other] { $count }-mal hat dort niemand geantwortet.
}
egress-refused = { $count ->
    [one] 1 wurde nicht hinausgelassen.
   *[other] { $count } wurden nicht hinausgelassen.
}
egress-each = Jede Verbindung zu { $place }
egress-amount = { $out } hinaus, { $in } herein
egress-encrypted = verschlüsselt
egress-plain = unverschlüsselt
egress-is-open = Offen
egress-is-closed = Vorbei
egress-is-failed = Niemand hat geantwortet
egress-is-refused = Nicht erlaubt
egress-is-sealed = Haus versiegelt
ago-now = gerade eben
ago-min = { $count ->
    [one] vor 1 Minute
   *[other] vor { $count } Minuten
}
ago-h = { $count ->
    [one] vor 1 Stunde
   *[other] vor { $count } Stunden
}
ago-days = { $count ->
    [one] vor 1 Tag
   *[other] vor { $count } Tagen
}

health = Befinden
all-well = Alles funktioniert.
works = Funktioniert
does-not-work = Funktioniert nicht
restricted = Eingeschränkt
look-again = Noch einmal nachsehen
latency = Zeit bis zum ersten Ton
latency-about = Gesprochenes der letzten 15 Minuten, ms.
no-latency = In den letzten 15 Minuten wurde nichts gesprochen.
median = Median { $ms } ms
about = Über Loqa
version = Version { $version }
english-only = Loqa hört vorerst nur Englisch.
kind-light = Licht
kind-switch = Schalter
kind-cover = Abdeckung
kind-lock = Schloss
kind-climate = Heizung
kind-fan = Ventilator
kind-sensor = Sensor
kind-media = Medien
kind-scene = Szene
kind-script = Skript
kind-list = Liste

kiosk = Wandtablet
touch = Tippen, um das Haus zu sehen
leave = Diese Ansicht verlassen
pin = PIN
pin-wanted = Loqa fragt nach einer PIN
pin-wanted-about = Sag sie, oder tippe sie im Fenster ein.
wrong-pin = Das ist nicht die PIN.

sound = Ton
microphone = Mikrofon
speaker = Lautsprecher
level = Wie laut es ist
hears-through = Hört durch { $name }
no-microphone = Kein Mikrofon hört zu.
decibels = { $db } dB
too-loud = Zu laut: Geh etwas weiter weg.
sound-default = Was das System wählt
sound-none = Keines
sound-waits = Gilt, wenn der Hub neu startet.
household = Haushalt
household-name = Name des Haushalts
kiosk-pin = PIN, um das Wandtablet zu verlassen
pin-is-set = Gesetzt
pin-not-set = Keine: Jeder darf gehen
first-steps = Erste Schritte
logs = Protokoll
log-level = Zeigen
log-error = Fehler
log-warn = Und Warnungen
log-info = Und was geschieht
log-debug = Und Einzelheiten
no-logs = Nichts davon.

welcome-step = Schritt { $step } von 5
welcome-1 = Willkommen
welcome-2 = Hört Loqa dich, und du Loqa?
welcome-3 = Ruf Loqa
welcome-4 = Was zu Hause bleibt
welcome-5 = Hallo
welcome-next = Weiter
welcome-done = Fertig
welcome-skip-all = Alles überspringen
welcome-say = Sag „{ $phrase }“.
welcome-always = Loqa hört ohne Ruf zu: Sag einen Befehl.
welcome-deaf = Kein Mikrofon hört zu, also gibt es nichts zu rufen. Geschriebene Befehle gehen.
welcome-woke = Es hat dich gehört.
welcome-privacy = Alles wird auf diesem Rechner verstanden. Nichts, was gesagt wird, verlässt das Haus; es bleibt 15 Minuten, nur im Speicher, und Protokolle enthalten keine Worte. „Stumm“ beendet das Zuhören sofort.
welcome-try = Loqa ist bereit. Versuch eines davon, oder schreib selbst:
welcome-hello-spoken = Hello. This is how I sound.
speaker-test = Einen Satz abspielen

people = Personen
people-nobody = Niemand ist eingetragen, also darf jeder alles; bei Heiklem wird vorher gefragt. Trage dich als Besitzer ein und wähle eine PIN, um zu bestimmen, wer was darf.
people-about = Wer hier wohnt, und was sie dürfen. Alltägliche Befehle darf jeder.
people-asking = Der Hub wird gefragt …
people-who = Wer hier wohnt
people-name = Name
people-role = Rolle
people-role-of = Rolle von { $name }
people-until = Bis (letzter Tag)
people-until-of = { $name } ist hier bis
people-add = Hinzufügen
people-expired = Die Zeit ist um: zählt nicht mehr.
people-owner-pin = PIN eines Besitzers
people-unlock = Freischalten
people-new-pin = Neue PIN (4 bis 12 Ziffern)
people-pin-set = PIN setzen: { $name }
people-pin-change = PIN ändern: { $name }
people-pin-remove = Keine PIN: { $name }
people-remove = Entfernen: { $name }
people-remove-sure = Wirklich entfernen?: { $name }
role-household = Der Haushalt
role-owner = Besitzer
role-adult = Erwachsen
role-child = Kind
role-guest = Gast
roles-all = Alle
roles-household = Der Haushalt
roles-owner = Besitzer
roles-adult = Erwachsene
roles-child = Kinder
roles-guest = Gäste
risk-any = jeder Befehl
risk-everyday = ein alltäglicher Befehl
risk-private = eine private Antwort
risk-risky = ein heikler Befehl
places = Was für wen spricht
places-about = Wer durch ein Mikrofon oder einen Bildschirm spricht, darf, was diese dürfen. Ein Raum von einer Person gehört ihr: Privates wird dort laut gesagt.
place-microphone = Das Mikrofon des Hubs
place-machine = Der Rechner des Hubs: Fenster und Kommandozeile
place-programs = Programme
place-this-screen = Dieser Bildschirm
place-screen = Bildschirm …{ $id }
place-name = Name des Bildschirms
place-unset = Nicht gewählt: wie der Raum, sonst der Haushalt
place-unset-room = Nicht gewählt: der Haushalt
rules = Wer was darf
rules-about = Es gilt der erste Satz, der passt. Wer seine PIN genannt hat, ist an „braucht eine PIN“ vorbei.
rules-rest = Alle: alles andere wird ausgeführt.
rule-allow = { $who }: { $what } wird { $where }{ $hours } ausgeführt und laut beantwortet.
rule-show = { $who }: { $what } wird { $where }{ $hours } auf einem Bildschirm gezeigt und nicht gesprochen.
rule-confirm = { $who }: { $what } wird { $where }{ $hours } erst nach „Soll ich?“ ausgeführt.
rule-pin = { $who }: { $what } braucht { $where }{ $hours } eine PIN.
rule-refuse = { $who }: { $what } wird { $where }{ $hours } abgelehnt.
rule-always = { "" }
rule-hours = {" "}von { $from } bis { $to }
where-anywhere = überall
where-shared = in gemeinsamen Räumen
where-own = in Räumen einer Person
where-room = in diesem Raum: { $room }
ruling-allow = wird ausgeführt
ruling-show = wird gezeigt, nicht gesprochen
ruling-confirm = wird vorher gefragt
ruling-pin = braucht eine PIN
ruling-refuse = wird abgelehnt
rule-who = Wer
rule-what = Was
rule-where = Wo
rule-from = Von
rule-to = Bis
rule-then = Dann
rule-add = Regel hinzufügen

nodes = Knoten
nodes-about = Andere Rechner im Haus, die für die Zentrale arbeiten: ein Mikrofon und ein Lautsprecher in einem Raum, ein Rechner mit Modellen, ein Bildschirm an der Wand.
nodes-asking = Die Zentrale wird gefragt …
nodes-topology = Wie die Rechner dieses Haushalts zusammenhängen
nodes-hub = Zentrale
nodes-here = Rechner dieses Haushalts
nodes-none = Noch keiner.
node-name-of = Name von { $name }
node-room-of = Raum von { $name }
node-no-room = In keinem Raum
node-role-inference = Rechnet mit Modellen
node-role-puck = Hört und spricht
node-role-display = Zeigt das Haus
node-volume-of = Lautstärke von { $name }
node-percent = { $percent } %
node-mute = Mikrofon aus
node-mute-of = Mikrofon von { $name } aus
node-paired-at = Gekoppelt am { $day }.
node-offers = Kann:
node-fetches = { $percent } % davon sind von der Zentrale gekommen.
node-there = Gerade da.
node-rtt = Antwortet in { $ms } ms.
node-load = Zu { $percent } % ausgelastet.
node-busy = Ganz ausgelastet.
node-hears-of = Wessen Worte { $name } bearbeiten darf
node-hears-everything = Alle Worte
node-hears-everything-about = Alles, was im Haus gesagt wird, darf dorthin gehen, um verstanden und beantwortet zu werden.
node-hears-kept = Worte, die behalten werden dürfen
node-hears-kept-about = Nur was ohnehin behalten werden darf, geht dorthin. Alles andere wird hier verstanden, so gut es dieses Gerät kann.
node-hears-nothing = Keine Worte
node-hears-nothing-about = Nichts von dem, was gesagt wird, geht dorthin.
node-p95 = 95 von 100 Antworten beginnen binnen { $ms } ms.
node-rests = Es ist fehlgeschlagen und wird in { $seconds } s wieder gefragt.
node-reason = Warum hier:
node-silent = Da, aber die letzten Lebenszeichen fehlen.
node-away = Gerade nicht da.
node-away-puck = Gerade nicht da: Darüber wird niemand gehört. Die anderen Mikrofone hören weiter.
node-away-inference = Gerade nicht da: Seine Arbeit wird anderswo getan.
node-away-display = Gerade nicht da: Dort wird nichts gezeigt.
node-ms = { $ms } ms
node-way-none = weg
node-in-use = Wie sehr er ausgelastet ist
node-remove = Entfernen: { $name }
node-remove-sure = Wirklich entfernen?: { $name }
node-remove-about = { $name } wird ab sofort nirgends mehr eingelassen. Um wiederzukommen, muss der Rechner neu gekoppelt werden.
nodes-add = Rechner hinzufügen
nodes-add-about = Starte dort loqa-node pair. Den Code zeigt entweder diese Seite oder der Rechner.
node-show-code = Code zeigen
node-give-code = Oder gib die 8 Ziffern ein, die der Rechner zeigt, oder den Text seines QR-Codes
node-go-on = Weiter
node-shows = Scanne das am Rechner, oder gib dort die Ziffern ein.
node-waits = Es wird auf den Rechner gewartet, der diesen Code zeigt …
node-waits-about = Wenn er die Zentrale nicht von selbst findet, brich ab und lass diese Seite den Code zeigen.
node-code-picture = QR-Code für den Rechner
node-code-typed = An seiner Tastatur:
node-code-text = Als Text
node-addresses = Wenn er die Zentrale nicht von selbst findet, danach noch:
node-left = Noch { $time }
node-tries = { $count ->
    [one] 1 Versuch übrig
   *[other] { $count } Versuche übrig
}
node-elsewhere = Auf einer anderen Seite oder an einer Kommandozeile wird gerade ein Rechner gekoppelt. Der Code steht dort.
node-comes = { $name } möchte ein Rechner dieses Haushalts sein.
node-same = Zeigen beide dieselben drei Wörter?
node-same-about = Sieh auf den Rechner. Zeigt er andere Wörter, ist jemand dazwischen: Sag Nein.
node-paired = { $name } ist jetzt ein Rechner dieses Haushalts. Wähle in der Liste den Raum.
node-turned-away = Abgewiesen: Die Wörter waren andere. Wenn du einen anderen Rechner meintest, fang noch einmal an.

keeping = Was behalten wird
keeping-about = Von dem, was hier ab jetzt gesagt wird. Was schon behalten ist, bleibt, bis seine Zeit um ist oder bis du es auf der Seite Verlauf vergessen lässt.
keeping-household = Im ganzen Haus
keeping-rooms = In einzelnen Räumen
keep-default = Wie eingestellt
keep-room-default = Wie im ganzen Haus
keep-ephemeral = Nichts behalten
keep-session = Eine Weile behalten
keep-default-ephemeral-about = Es gilt loqa.toml, und dort steht jetzt, dass nichts behalten wird.
keep-default-session-about = Es gilt loqa.toml, und dort steht jetzt, dass Gespräche eine Weile behalten werden.
keep-room-default-about = Was hier gesagt wird, wird behalten oder nicht, wie im ganzen Haus.
keep-ephemeral-about = Worte bleiben höchstens 15 Minuten im Arbeitsspeicher und werden nie auf die Platte geschrieben.
keep-session-about = { $hours ->
    [one] Ein Gespräch wird verschlüsselt aufgeschrieben, steht auf der Seite Verlauf und wird eine Stunde nach dem letzten Wort gelöscht.
   *[other] Ein Gespräch wird verschlüsselt aufgeschrieben, steht auf der Seite Verlauf und wird { $hours } Stunden nach dem letzten Wort gelöscht.
}
keeping-own = Auf dieser Seite
keep-own = Was über diese Seite gesagt wird
keep-own-default = Wie oben gewählt
keep-own-about = Was über diese Seite gesagt wird, wird behalten oder nicht, wie oben gewählt.
keep-hours = Stunden, bis ein Gespräch gelöscht wird
keep-hours-about = Das gilt auch für Gespräche, die schon behalten sind.
redact = Unlesbar in dem, was behalten wird
redact-names = Namen
redact-names-about = Namen von Leuten, die hier wohnen, werden geschwärzt, bevor etwas aufgeschrieben wird.
redact-numbers = Zahlen
redact-numbers-about = Zahlen, in Ziffern und in Worten, werden geschwärzt, bevor etwas aufgeschrieben wird.
redact-text = Freier Text
redact-text-about = Nur Wörter, die in Befehlen dieses Hauses vorkommen, werden aufgeschrieben; alle anderen werden geschwärzt.
keep-persistent = Behalten, bis es vergessen wird
people-keeping = Was Leute von ihren Worten behalten wissen wollen
people-keeping-about = Gilt, wo ein Mikrofon oder ein Bildschirm für eine Person spricht. Wozu jemand nicht Ja sagt, das wird von ihm nicht behalten.
agree-ephemeral = Von dem, was ich sage, wird ab jetzt nichts behalten. Alles, was von mir behalten war, wird vergessen: niemand kann es mehr lesen.
agree-session = Ich bin einverstanden, dass Loqa behält, was ich sage und was es antwortet, versiegelt auf diesem Hub, so viele Stunden, wie dieser Haushalt gewählt hat. Ich kann es jederzeit lesen, mitnehmen und vergessen lassen. Nehme ich das zurück, wird alles vergessen, was von mir behalten war.
agree-persistent = Ich bin einverstanden, dass Loqa behält, was ich sage und was es antwortet, versiegelt auf diesem Hub, bis ich es vergessen lasse. Ich kann es jederzeit lesen, mitnehmen und vergessen lassen. Nehme ich das zurück, wird alles vergessen, was von mir behalten war.
agree-pin = PIN von { $name }
agree-yes = Ich habe das gelesen und bin einverstanden
agree-less = Ändern und vergessen, was behalten war
consents = Wozu Leute Ja gesagt haben
consent-given = Zugestimmt am { $time }.
consent-withdrawn = Zurückgenommen am { $time }.
wipe = Roter Knopf
wipe-goes = Alles, was Loqa behält, ist dann weg: Timer, Wecker, Listen, Notizen, Personen und ihre PINs, behaltene Gespräche, installierte Fähigkeiten, Schlüssel von Programmen und Passwörter, und was darüber aufgeschrieben ist, was getan wurde. Alle Schlüssel werden sofort vernichtet, sodass niemand etwas davon je wieder lesen kann, und die Zentrale endet. Das lässt sich nicht zurücknehmen.
wipe-stays = Was bleibt: Modelle, und die Dateien loqa.toml und home.toml, die dir gehören; und Kopien, die du anderswo hast, etwa eine Sicherung.
wipe-type = Tippe das Wort wipe
wipe-do = Alles vernichten
wiped = Alles ist weg
wiped-about = Alle Schlüssel sind vernichtet: Nichts von dem, was Loqa behalten hat, ist noch lesbar. Die Zentrale endet; starte sie neu für einen neuen Haushalt.
kept = Behaltene Gespräche
kept-about = Verschlüsselt auf dem Rechner der Zentrale, so lange, wie es auf der Seite Privatsphäre steht.
kept-replay = Noch einmal ablaufen lassen
kept-nothing = Nichts wird behalten.
kept-choose = Auf der Seite Privatsphäre lässt sich das ändern.
kept-search = Worte, die gesagt oder geantwortet wurden
kept-find = Suchen
kept-not-found = Nichts, was behalten ist, hat diese Worte.
kept-more = Ältere zeigen
kept-turns = { $count ->
    [one] 1 Wortwechsel
   *[other] { $count } Wortwechsel
}
kept-somebody = Jemand
kept-unreadable = Nicht lesbar
kept-open = Was gesagt wurde
kept-damaged = { $count ->
    [one] 1 Eintrag ist nicht lesbar: Er wurde beschädigt oder verändert.
   *[other] { $count } Einträge sind nicht lesbar: Sie wurden beschädigt oder verändert.
}
kept-export = Als JSON sichern
kept-forget = Vergessen
kept-forget-sure = Wirklich für immer vergessen?

# Außerhalb der Seite: das Symbol in der Leiste, Mitteilungen.
tray-waiting = Wartet auf einen Ruf
tray-listening = Hört zu
tray-thinking = Denkt nach
tray-speaking = Spricht
tray-muted = Stumm
tray-starting = Startet
tray-away = Der Hub ist nicht da
tray-opening = Öffnet das Mikrofon
tray-deaf = Hört nicht zu: { $why }
tray-open = Loqa öffnen
tray-talk = Sprechen
tray-autostart = Mit dem Computer starten
tray-quit = Beenden
tray-hidden = Loqa ist noch da
tray-hidden-about = Es hört weiter zu. Das Symbol in der Leiste öffnet es wieder, und beendet es.
timer-up = Die Zeit ist um.
timer-was-up = { $minutes ->
    [one] Die Zeit war vor einer Minute um, während Loqa aus war.
   *[other] Die Zeit war vor { $minutes } Minuten um, während Loqa aus war.
}
