# What the hub says in English, in German. A key is the sentence itself: `Words::of_hub` tells how.

# What is looked at
settings = Einstellungen
home = Zuhause
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
