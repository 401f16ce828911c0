# What the hub says in English, in German. A key is the sentence itself: `Words::of_hub` tells how.

# What is looked at
settings = Einstellungen
home = Zuhause
routines = Routinen
skills = Fähigkeiten
examples = Beispiele
stt = Spracherkennung
tts = Stimme
names = Namen
microphone = Mikrofon
speaker = Lautsprecher
echo = Unterbrechen
data = Daten
dashboard = Dashboard

# How it is
a-not-there-the-defaults-are-used = { $a } (nicht da: Es gilt, was vorgesehen ist)
a-b-rooms-c-devices = { $a } ({ $b } Räume, { $c } Geräte)
nobody-has-described-this-house-yet-a-demo-household-is-used-a-rooms-b-devices = Noch hat niemand dieses Haus beschrieben: Es gilt ein Beispiel ({ $a } Räume, { $b } Geräte)
all-a-examples-and-negatives-of-the-skills-hold = Alle { $a } Beispiele der Fähigkeiten stimmen
a-on-this-machine = { $a } auf diesem Rechner
the-only-one-available = das Einzige, was da ist
a-was-asked-for = so eingestellt
a-was-asked-for-but-is-not-available = „{ $a }“ ist eingestellt, aber nicht da
soonest-of-a-b-ms-to-first-output = am schnellsten von { $a } ({ $b } ms)
every-name-is-in-the-dictionary = Alle Namen stehen im Wörterbuch
pronounced-by-rule = Nach Regeln ausgesprochen
no-pronunciation-for = Keine Aussprache für
there-is-none = Es gibt keines
there-is-none-named-a = Es gibt keines namens „{ $a }“
there-is-no-microphone-named-a = Es gibt kein Mikrofon namens „{ $a }“
there-is-no-speaker-named-a = Es gibt keinen Lautsprecher namens „{ $a }“
none-as-the-settings-say = Keines, wie eingestellt
replies-are-shown-not-heard = Antworten werden gezeigt, nicht gesprochen
the-default-output-device = was das System wählt
no-sound-can-be-played = Es kann kein Ton abgespielt werden
the-speaker-went-away = Der Lautsprecher ist weg
replies-are-heard-again-once-it-is-back = Antworten werden wieder gesprochen, sobald er zurück ist
loqa-can-be-interrupted-while-it-speaks = Loqa kann unterbrochen werden, während es spricht
speexdsp-which-takes-loqas-own-voice-out-of-what-it-hears-is-not-installed = SpeexDSP ist nicht installiert: Es nimmt Loqas eigene Stimme aus dem, was Loqa hört
the-speech-library-a-is-not-installed = Die Sprachbibliothek „{ $a }“ ist nicht installiert
the-program-a-is-not-installed = Das Programm „{ $a }“ ist nicht installiert
a-not-there-yet-made-when-needed = { $a } (noch nicht da: wird angelegt, wenn es gebraucht wird)
a-is-not-a-folder = { $a } ist kein Ordner

# What to do
describe-yours-on-the-dashboards-page-home-or-in-a-beside-b-see-c = Beschreibe deines auf der Seite Zuhause, oder in { $a } neben { $b }: siehe { $c }
if-one-is-not-understood-add-an-alias-that-is-spelled-as-it-sounds = Wird einer nicht verstanden, gib einen Namen dazu, der geschrieben ist, wie er klingt
give-these-an-alias-in-plain-english-letters-in-a-or-b = Gib diesen einen weiteren Namen in englischen Buchstaben, in { $a } oder { $b }
connect-one-or-choose-another-with-a = Schließe eines an, oder wähle ein anderes mit { $a }
connect-a-speaker-or-start-the-sound-server-and-check-a = Schließe einen Lautsprecher an oder starte den Tonserver, und sieh mit { $a } nach
the-one-before-plays-on-choose-another = Der bisherige spielt weiter: Wähle einen anderen
until-then-typed-commands-work = bis dahin gehen geschriebene Befehle
until-then-replies-are-shown-not-heard = Bis dahin werden Antworten gezeigt, nicht gesprochen
until-then-replies-are-shown-not-spoken = bis dahin werden Antworten gezeigt, nicht gesprochen
until-then-only-a-call-interrupts-it = bis dahin unterbricht es nur ein Ruf
type-a = Tippe { $a }
typed-commands-work = geschriebene Befehle gehen
typed-commands-still-work = Geschriebene Befehle gehen weiter
a-says-what-is-missing = { $a } sagt, was fehlt
a-tells-what-is-missing = { $a } sagt, was fehlt
move-it-out-of-the-way-or-choose-another-with-a-dir = Räume es aus dem Weg, oder wähle einen anderen mit { $a } DIR
free-some-disk-space-everything-goes-on-in-memory-meanwhile-and-is-saved-as-soon-as-that-is-possible = Schaffe Platz auf der Platte: Inzwischen geht alles im Speicher weiter, und wird gesichert, sobald das geht
did-you-mean-a = Meintest du „{ $a }“?

# Why the room is not heard
the-settings-say-so = so eingestellt
no-recogniser-is-installed = Es ist keine Spracherkennung installiert
the-room-is-not-listened-to = Der Raum wird nicht gehört
nothing-here-can-understand-speech = Nichts hier versteht Gesprochenes
the-recogniser-did-not-finish = Die Spracherkennung ist nicht fertig geworden

# What cannot be
a-households-name-has-at-most-a-characters = Der Name eines Haushalts hat höchstens { $a } Zeichen
choose-a-shorter-one = wähle einen kürzeren
a-pin-has-a-to-b-digits = Eine PIN hat { $a } bis { $b } Ziffern
choose-another = Wähle eine andere
too-many-wrong-pins = Zu viele falsche PINs
wait-a-s-then-try-again = warte { $a } s und versuche es noch einmal
this-household-cannot-be-edited = Dieser Haushalt kann nicht geändert werden
the-hub-is-stopping = Der Hub hört auf
ask-again-when-it-is-up = Frag noch einmal, wenn er wieder da ist
reload-the-page = Lade die Seite neu
sign-in-again-or-show-the-hubs-token = Melde dich neu an
nobody-can-say-a = „{ $a }“ kann niemand sagen
use-words-or-numbers = Nimm Wörter oder Zahlen
a-second-device-a = Es gibt schon ein Gerät „{ $a }“
a-second-device-a-in-area-b = Es gibt schon ein Gerät „{ $a }“ im Raum „{ $b }“
a-second-area-a = Es gibt schon einen Raum „{ $a }“

# What skills may do
it-can-start-change-and-stop-timers = Sie kann Timer stellen, ändern und beenden.
it-can-use-every-device-of-the-house-before-anything-is-opened-or-unlocked-loqa-asks = Sie kann jedes Gerät des Hauses benutzen. Bevor etwas geöffnet oder aufgesperrt wird, fragt Loqa.
it-can-add-to-the-households-lists-and-notes-change-and-clear-them = Sie kann auf die Listen und Notizen des Haushalts schreiben, sie ändern und leeren.
it-can-keep-texts-of-its-own-which-no-other-skill-sees = Sie kann eigene Texte aufbewahren, die keine andere Fähigkeit sieht.
it-can-set-change-and-cancel-alarms-and-reminders = Sie kann Wecker und Erinnerungen stellen, ändern und löschen.
it-can-show-a-sentence-on-every-screen = Sie kann auf jedem Bildschirm einen Satz zeigen.
it-can-say-a-sentence-aloud-where-this-machines-speaker-is = Sie kann über den Lautsprecher dieses Rechners einen Satz sagen.
it-can-tell-the-programs-of-this-house-something = Sie kann den Programmen dieses Hauses etwas mitteilen.
it-can-ask-a-over-the-internet-and-tell-it-what-you-say-to-it-and-what-it-sees-of-the-house = Sie kann „{ $a }“ über das Internet fragen, und dorthin melden, was du ihr sagst und was sie vom Haus sieht.
this-loqa-does-not-know-what-it-means = Dieses Loqa weiß nicht, was das bedeutet.
like-every-skill-it-can-see-the-time-timers-alarms-rooms-devices-lists-and-notes-and-can-answer = Wie jede Fähigkeit kann sie Uhrzeit, Timer, Wecker, Räume, Geräte, Listen und Notizen sehen, und antworten.
it-can-change-nothing = Sie kann nichts ändern.

# Why a skill does not work
it-is-left-out = Sie bleibt außen vor
it-did-not-work = Sie hat nicht funktioniert
it-is-resting-because-it-failed-too-often = Sie ruht, weil sie zu oft gescheitert ist
it-cannot-run = Sie kann nicht laufen
it-took-longer-than-a-ms = Sie hat länger als { $a } ms gebraucht
it-wanted-more-memory-than-a-mib = Sie wollte mehr Speicher als { $a } MiB
it-asked-for-more-than-a-things = Sie hat nach mehr als { $a } Dingen gefragt
it-said-more-than-fits-into-a-kb = Sie hat mehr gesagt, als in { $a } kB passt
it-crashed = Sie ist abgestürzt
it-is-not-loaded = Sie ist nicht geladen
go-back-to-the-version-before-switch-it-off-or-remove-it = Geh zur Version davor zurück, schalte sie aus oder entferne sie
it-is-tried-again-by-itself-after-a-while = Nach einer Weile wird sie von selbst wieder versucht
ask-whoever-wrote-it-or-switch-it-off = Frag, wer sie geschrieben hat, oder schalte sie aus
build-it-if-it-is-one-that-came-with-loqa-install-loqa-again = Baue sie; ist sie eine, die mit Loqa kam, installiere Loqa neu

# Why a skill is not installed
this-file = Diese Datei
no-package-of-a-skill = keine verpackte Fähigkeit
a-makes-one = { $a } macht eine
it-is-larger-than-a-mib = Sie ist größer als { $a } MiB
there-is-more-than-a-mib-in-it = In ihr ist mehr als { $a } MiB
it-is-no-zip-archive-or-damaged = Sie ist kein Zip-Archiv, oder beschädigt
it-is-damaged-or-was-cut-off = Sie ist beschädigt oder abgeschnitten
it-holds-two-files-of-one-name = Zwei Dateien in ihr heißen gleich
it-holds-a-files-and-a-skill-has-three = In ihr sind { $a } Dateien, und eine Fähigkeit hat drei
it-holds-a-and-nothing-but-b-c-and-d-may-be-in-it = In ihr ist „{ $a }“, und nichts als { $b }, { $c } und { $d } darf darin sein
a-in-it-is-not-a-plain-file = „{ $a }“ darin ist keine gewöhnliche Datei
a-in-it-is-encrypted = „{ $a }“ darin ist verschlüsselt
there-is-no-a-in-it = In ihr ist kein { $a }
a-skill-that-comes-with-loqa-is-called-a = Eine Fähigkeit, die mit Loqa kommt, heißt „{ $a }“
a-skill-in-a-folder-that-the-settings-name-is-called-a = Eine Fähigkeit in einem Ordner der Einstellungen heißt „{ $a }“
whoever-wrote-it-must-give-it-another-a = Wer sie geschrieben hat, muss ihr einen anderen Namen geben ({ $a })
a-b-is-here-already = „{ $a }“ { $b } ist schon hier
a-b-is-here-and-c-is-earlier = „{ $a }“ { $b } ist hier, und { $c } ist früher
a-would-take-sentences-from-b = „{ $a }“ nähme „{ $b }“ Sätze weg
whoever-wrote-it-must-narrow-its-sentences = Wer sie geschrieben hat, muss ihre Sätze enger fassen
the-code-of-a-cannot-be-used = Der Code von „{ $a }“ kann nicht benutzt werden
the-code-of-a-cannot-be-tried = Der Code von „{ $a }“ kann nicht ausprobiert werden
whoever-wrote-it-must-build-it-again-with-a = Wer sie geschrieben hat, muss sie neu bauen, mit { $a }
somebody-else-is-changing-the-installed-skills = Gerade ändert jemand anders die Fähigkeiten
wait-until-that-has-ended-or-answer-what-it-asks = Warte, bis das vorbei ist, oder beantworte, was es fragt
the-hub-has-forgotten-what-this-skill-is = Der Hub hat vergessen, was diese Fähigkeit ist
somebody-has-changed-the-skills-meanwhile = Jemand hat inzwischen die Fähigkeiten geändert
this-hub-does-without-skills-that-are-installed = Dieser Hub kommt ohne installierte Fähigkeiten aus
choose-its-file-again = Wähle ihre Datei noch einmal
nothing-was-changed-free-some-space-and-see-who-may-write-there = Nichts wurde geändert: Schaffe Platz, und sieh nach, wer dort schreiben darf
there-is-no-version-of-a-before-b = Es gibt keine Version von „{ $a }“ vor { $b }
there-is-no-skill-a-here = Hier ist keine Fähigkeit „{ $a }“
