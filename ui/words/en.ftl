# The dashboard in English.
now = Now
sessions = Sessions
home = Home
skills = Skills
system = System
pages = Pages
light-theme = Light
dark-theme = Dark
auto-theme = Auto
theme = Appearance
language = Language

sign-in = Sign in
sign-in-why = This hub belongs to a home. Type the code that it shows, as `loqa dashboard` prints it, or the password.
code = Code or password
wrong-code = This is not the code that the hub shows, nor the password.
locked = Too many wrong codes. Wait some minutes, then try again.
sign-out = Sign out
unreachable = The hub does not answer. This page tries again by itself.

mood-offline = Reconnecting …
mood-hearing = Listening
mood-thinking = Thinking
mood-speaking = Speaking
mood-awake = Say a command
mood-asleep = Ready
mood-muted = Muted
mood-deaf = Microphone off
nothing-yet = Nothing said yet. Try one of these:
you-said = You said
loqa-says = Loqa says
type-a-command = Type a command
send = Send
talk = Talk
mute = Mute
unmute = Unmute
yes = Yes
no = No
undo = Undo
why = Why?
dismiss = Dismiss

timers = Timers
timer = Timer
ringing = Ringing
paused = Paused
stop = Stop
cancel = Cancel
of-time = of { $total }
lists = Lists
notes = Notes
empty-list = Nothing on it
items = { $count ->
    [one] 1 item
   *[other] { $count } items
}
more-items = … and { $count } more
elsewhere = Whole house
on = On
off = Off
open = Open
closed = Closed
is-locked = Locked
is-unlocked = Unlocked
playing = Playing
unknown = –
more = More
less = Less

no-turns = No turns in the last 15 minutes. What was said is forgotten after that.
turns-about = The last 15 minutes, in memory only.
rejected = Not a command
typed = Typed
spoken = Spoken
understood-as = Understood as
nothing-matched = Nothing matched
class = Class
plan = Plan
plan-none = Made after the last word
plan-hit = Ready before the last word
plan-miss = Made again: the last words differed
first-sound = First sound
partials = Words as they came, before the end of the last one
waterfall = From the last word to the first sound
hop-endpoint = Has finished speaking
hop-final = Last word known
hop-commit = Done
hop-voice = Voice ready
hop-playback = First sound
typed-no-times = A typed turn has no times of speech.
ms = { $ms } ms

also-called = Also called
asks-first = Asks first
can-do = Can do
home-demonstration = This is a demonstration. Your first change makes it your home, in { $file }.
home-kept = Rooms and devices are kept in { $file }.
how-to-say = How would I say it?
add-device = Add a device
add-room = Add a room
edit = Edit
edit-it = Edit: { $name }
edit-device = Edit the device
edit-room = Edit the room
field-name = Name, as you say it
field-aliases = Also called (separated by commas)
field-area = Room
field-kind = Kind
field-features = Can do (such as brightness, colour)
field-confirm = Ask before every command
field-floor = Floor
no-room = None
save = Save
remove = Remove
home-changed = Somebody has changed this meanwhile. It is shown as it is now: make your change again.
remove-sure = Really remove?

try-it = Try a sentence
try-it-about = What would it mean? Nothing is done.
try = Try
means-nothing = No skill knows this sentence.
examples = Examples
sentences = Sentences
intents = { $count ->
    [one] 1 intent
   *[other] { $count } intents
}

health = Health
all-well = Everything works.
works = Works
does-not-work = Does not work
restricted = Restricted
look-again = Look again
latency = Time to the first sound
latency-about = Spoken turns of the last 15 minutes, ms.
no-latency = No spoken turn in the last 15 minutes.
median = Median { $ms } ms
about = About
version = Version { $version }
english-only = Loqa hears English for now.
kind-light = Light
kind-switch = Switch
kind-cover = Cover
kind-lock = Lock
kind-climate = Heating
kind-fan = Fan
kind-sensor = Sensor
kind-media = Media
kind-scene = Scene
kind-script = Script
kind-list = List

kiosk = Wall tablet
touch = Touch to see the house
leave = Leave this view
pin = PIN
wrong-pin = This is not the PIN.

sound = Sound
microphone = Microphone
speaker = Speaker
level = How loud it is
hears-through = Hears through { $name }
no-microphone = No microphone hears.
decibels = { $db } dB
too-loud = Too loud: move away a little.
sound-default = What the system chooses
sound-none = None
sound-waits = Used when the hub starts again.
household = Household
household-name = Name of the household
kiosk-pin = PIN to leave the wall tablet
pin-is-set = Set
pin-not-set = None: anybody may leave
first-steps = First steps
logs = Log
log-level = Show
log-error = Errors
log-warn = And warnings
log-info = And what happens
log-debug = And details
no-logs = Nothing of that kind.

welcome-step = Step { $step } of 5
welcome-1 = Welcome
welcome-2 = Can Loqa hear you, and you Loqa?
welcome-3 = Call Loqa
welcome-4 = What stays at home
welcome-5 = Hello
welcome-next = Next
welcome-done = Done
welcome-skip-all = Skip all
welcome-say = Say “{ $phrase }”.
welcome-always = Loqa listens without a call: say a command.
welcome-deaf = No microphone hears, so there is nothing to call. Typed commands work.
welcome-woke = It heard you.
welcome-privacy = Everything is understood on this machine. Nothing that is said leaves the house; what was said is kept for 15 minutes, in memory only, and logs hold no words. Mute stops listening at once.
welcome-try = Loqa is ready. Try one of these, or type your own:
welcome-hello-spoken = Hello. This is how I sound.
speaker-test = Play a sentence

# Outside of the page: the icon in the tray, notifications.
tray-waiting = Waits to be called
tray-listening = Listens
tray-thinking = Thinks
tray-speaking = Speaks
tray-muted = Muted
tray-starting = Starts
tray-away = The hub is away
tray-opening = Opens the microphone
tray-deaf = Does not listen: { $why }
tray-open = Open Loqa
tray-talk = Push to talk
tray-autostart = Start with the computer
tray-quit = Quit
tray-hidden = Loqa is in the tray
tray-hidden-about = It goes on listening. Its icon in the tray opens it again, and quits.
timer-up = The time is up.
timer-was-up = { $minutes ->
    [one] The time was up a minute ago, while Loqa was off.
   *[other] The time was up { $minutes } minutes ago, while Loqa was off.
}
