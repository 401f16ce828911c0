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
