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
alarms = Alarms and reminders
alarm = Alarm
snooze = Snooze
snoozed = Snoozed
missed = Missed
today = today
tomorrow = tomorrow
every-day = every day
every-weekday = every weekday
every-weekend = on weekends
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
what-it-may-do = What it may do
from-loqa = Comes with Loqa.
from-folder = In a folder that the settings name.
from-installed = Installed.
skill-settings = Settings
as-the-skill-has-it = As it comes
skill-on = Switched on
skill-off = Switched off
skill-pinned = Stay at version { $version }, whatever is installed
skill-rollback = Back to version { $version }
skill-remove-about = It goes with all its versions. What it has done stays: timers run on, lists keep their items.
install-from-file = Install from a file…
install = Install
close = Close
skill-looking = Looking at it …
skill-install = Install { $skill }?
skill-instead = In place of version { $version }.
skill-wants = It wants to be allowed
skill-wants-more = New: what the version before could not do
skill-refused = This cannot be installed
skill-too-large = This file is larger than 16 MiB: it is no skill.
skill-installed = { $skill } is installed.
skill-installed-off = { $skill } is installed, and switched off as before.
skill-kept = { $skill } is kept. The version before stays, as you wanted.
calls = What skills take
calls-about = The latest calls of their code, without a word that anybody said. Kept in memory alone.
calls-empty = None yet.
call-prepare = prepares
call-commit = does it
call-took = { $ms } ms
call-memory = { $kb } kB
call-asked = { $count ->
    [one] asked the hub once
   *[other] asked the hub { $count } times
  }
audit = What was installed, allowed and refused
audit-empty = Nothing yet.
audit-refused = refused
audit-install = Install
audit-upgrade = New version
audit-grant = Permission
audit-disable = Switch off
audit-enable = Switch on
audit-pin = Choose a version
audit-rollback = Version before
audit-remove = Remove
audit-effect = More than it may
audit-load = Use its code
audit-rest = Failed too often
audit-set = Setting
audit-invoke = Used

models = Models
models-about = Loqa answers commands without any of them. They make it understand more, and come only if you say so.
models-machine = This machine has { $processors } and { $gib } GiB of memory.
models-from = They are fetched from { $place }.
models-asking = Looking at what is here …
models-used = What is used, and why
processors = { $count ->
    [one] 1 processor
   *[other] { $count } processors
}
model-for-stt = Understanding any words
model-for-wake = Wake phrases
model-for-llm = Thinking
model-for-tts = Voices
model-for-vad = Hearing that somebody speaks
model-auto = The largest that is here and fits
model-none = None
model-none-here = None is here yet.
model-recommended = Suits this machine
model-used = In use
model-absent = Not here
model-paused = Paused
model-waiting = Waits for another
model-fetching = On its way
model-checking = Being checked
model-here = Here
model-damaged = Damaged
model-memory = { $gib } GiB of memory
model-measured = Here it read { $speech } s of speech in { $ms } ms.
model-measured-answer = Here an answer began after { $ms } ms, { $words } words a second.
model-unfit = It needs more memory than this machine has.
model-sound = It is what it was when it came.
model-comes = How much of { $name } is here
model-came = { $mib } MiB of it are here.
model-file = File { $number }
mib = { $mib } MiB
mib-per-s = { $mib } MiB/s
left-s = { $s } s left
left-min = { $min } min left
left-h = { $h } h left
language-mul = many languages
language-en = English
language-de = German
model-get = Get
model-pause = Pause
model-go-on = Go on
model-get-again = Get again
model-use = Use
model-check = Check
model-forget = Discard

privacy = Privacy
privacy-about = What leaves this house, who allowed it, what is kept here, and what you can do about it. What is said and done stays on the machine of the hub, unless something below goes out.
privacy-asking = Looking at what goes out …
seal = Sealed house
seal-switch = Seal the house
seal-about = While it is sealed nothing connects to anywhere: devices of Home Assistant are not reached, skills ask nobody, and no model comes; everything else works as ever.
seal-on = The house is sealed, also after the hub has started again.
seal-off = The house is open: what is allowed below may go out.
egress = Connections to elsewhere
egress-about = Loqa opens no others. This list is kept in memory alone, and begins anew with the hub.
egress-since = Counted since { $time }.
egress-none = Nothing may go out, and nothing has.
egress-for-home-assistant = Home Assistant
egress-for-skill = Skills
egress-for-model = Models
egress-anywhere-home-assistant = Several places
egress-anywhere-skill = Several places
egress-anywhere-model = Wherever their publishers have them
egress-allowed = { $who } may ask there: allowed by this household on { $time }.
egress-asks = { $who } may ask there: its skill.yaml says so, in a folder that the settings name.
egress-setting = Allowed by the setting { $setting }.
egress-order = Only when somebody here gets one.
egress-model = Somebody here wanted { $who }.
egress-forbidden = Nothing allows it, or no longer. Wanted by: { $who }
egress-nothing = Nothing has gone there.
egress-sums = { $count ->
    [one] 1 connection
   *[other] { $count } connections
}: { $out } out, { $in } in; the last { $ago }.
egress-failed = { $count ->
    [one] Once nobody answered there.
   *[other] { $count } times nobody answered there.
}
egress-refused = { $count ->
    [one] 1 was not let out.
   *[other] { $count } were not let out.
}
egress-each = Each connection to { $place }
egress-amount = { $out } out, { $in } in
egress-encrypted = encrypted
egress-plain = not encrypted
egress-is-open = Open
egress-is-closed = Over
egress-is-failed = Nobody answered
egress-is-refused = Not allowed
egress-is-sealed = House sealed
ago-now = just now
ago-min = { $count ->
    [one] 1 minute ago
   *[other] { $count } minutes ago
}
ago-h = { $count ->
    [one] 1 hour ago
   *[other] { $count } hours ago
}
ago-days = { $count ->
    [one] 1 day ago
   *[other] { $count } days ago
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
pin-wanted = Loqa asks for a PIN
pin-wanted-about = Say it, or type it in the window.
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

people = People
people-nobody = Nobody is set up, so everybody may have everything done; what is risky is asked about first. Add yourself as an owner and choose a PIN to decide who may do what.
people-about = Who lives here, and what they may have done. Everyday commands are everybody's.
people-asking = Asking the hub …
people-who = Who lives here
people-name = Name
people-role = Role
people-role-of = Role of { $name }
people-until = Until (the last day)
people-until-of = { $name } is here until
people-add = Add
people-expired = Their time is over: they count no longer.
people-owner-pin = PIN of an owner
people-unlock = Unlock
people-new-pin = New PIN (4 to 12 digits)
people-pin-set = Set a PIN: { $name }
people-pin-change = Change the PIN: { $name }
people-pin-remove = No PIN: { $name }
people-remove = Remove: { $name }
people-remove-sure = Really remove?: { $name }
role-household = The household
role-owner = Owner
role-adult = Grown-up
role-child = Child
role-guest = Guest
roles-all = Everybody
roles-household = The household
roles-owner = Owners
roles-adult = Grown-ups
roles-child = Children
roles-guest = Guests
risk-any = any command
risk-everyday = an everyday command
risk-private = a private answer
risk-risky = a risky command
places = What speaks for whom
places-about = Whoever speaks through a microphone or a screen may do what these may. A room of one person is theirs: what is private is said aloud there.
place-microphone = The hub's microphone
place-machine = The hub's machine: window and command line
place-programs = Programs
place-this-screen = This screen
place-screen = Screen …{ $id }
place-name = Name of the screen
place-unset = Not chosen: as its room, else the household
place-unset-room = Not chosen: the household
rules = Who may do what
rules-about = The first sentence that fits counts. Whoever has given their PIN is past “needs a PIN”.
rules-rest = Everybody: everything else is done.
rule-allow = { $who }: { $what } is done, and answered aloud, { $where }{ $hours }.
rule-show = { $who }: { $what } is shown on a screen, and not spoken, { $where }{ $hours }.
rule-confirm = { $who }: { $what } is done { $where }{ $hours } after “Shall I?”.
rule-pin = { $who }: { $what } needs a PIN { $where }{ $hours }.
rule-refuse = { $who }: { $what } is refused { $where }{ $hours }.
rule-always = { "" }
rule-hours = {" "}from { $from } to { $to }
where-anywhere = everywhere
where-shared = in shared rooms
where-own = in rooms of one person
where-room = in this room: { $room }
ruling-allow = is done
ruling-show = is shown, not spoken
ruling-confirm = is asked about first
ruling-pin = needs a PIN
ruling-refuse = is refused
rule-who = Who
rule-what = What
rule-where = Where
rule-from = From
rule-to = To
rule-then = Then it
rule-add = Add the rule

nodes = Nodes
nodes-about = Other machines of this house that work for the hub: a microphone and a speaker in a room, a computer that runs models, a screen on the wall.
nodes-asking = Asking the hub …
nodes-topology = How the machines of this household hang together
nodes-hub = Hub
nodes-here = Machines of this household
nodes-none = None yet.
node-name-of = Name of { $name }
node-room-of = Room of { $name }
node-no-room = In no room
node-role-inference = Runs models
node-role-puck = Hears and speaks
node-role-display = Shows the house
node-volume-of = Volume of { $name }
node-percent = { $percent } %
node-mute = Microphone off
node-mute-of = Microphone of { $name } off
node-paired-at = Paired on { $day }.
node-offers = It can:
node-fetches = { $percent } % of it have come from the hub.
node-there = There now.
node-rtt = It answers in { $ms } ms.
node-load = { $percent } % of it is in use.
node-busy = All of it is in use.
node-hears-of = Whose words { $name } may work on
node-hears-everything = All words
node-hears-everything-about = All that is said in the house may go there to be understood and answered.
node-hears-kept = Words that may be kept
node-hears-kept-about = Only what may be kept anyway goes there. All else is understood here, as well as this machine can.
node-hears-nothing = No words
node-hears-nothing-about = Nothing that is said goes there.
node-p95 = 95 of 100 answers begin within { $ms } ms.
node-rests = It failed, and is asked again in { $seconds } s.
node-reason = Why it:
node-silent = There, but it has missed its last signs of life.
node-away = Not there now.
node-away-puck = Not there now: nobody is heard through it. The other microphones are.
node-away-inference = Not there now: its work is done elsewhere.
node-away-display = Not there now: nothing is shown there.
node-ms = { $ms } ms
node-way-none = away
node-in-use = How much of it is in use
node-remove = Remove: { $name }
node-remove-sure = Really remove?: { $name }
node-remove-about = { $name } is let in nowhere any more, from now on. To come back it has to be paired again.
nodes-add = Add a machine
nodes-add-about = Start loqa-node pair there. Either this page shows the code or that machine does.
node-show-code = Show a code
node-give-code = Or type the 8 digits that the machine shows, or the text of its QR code
node-go-on = Go on
node-shows = Scan this at the machine, or type the digits there.
node-waits = Waiting for the machine that shows this code …
node-waits-about = If it does not find the hub by itself, cancel, and have this page show the code.
node-code-picture = QR code for the machine
node-code-typed = At its keyboard:
node-code-text = As text
node-addresses = If it does not find the hub by itself, type after that:
node-left = { $time } left
node-tries = { $count ->
    [one] 1 try left
   *[other] { $count } tries left
}
node-elsewhere = A machine is being paired from another page, or from a command line. The code is shown there.
node-comes = { $name } wants to be a machine of this household.
node-same = Do both show the same three words?
node-same-about = Look at the machine. If its words differ, somebody is in between: say no.
node-paired = { $name } is a machine of this household now. Choose its room in the list.
node-turned-away = It was turned away: its words were others. If you meant another machine, begin again.

keeping = What is kept
keeping-about = Of what is said here from now on. What has been kept stays until its time is over, or until you forget it on the page Sessions.
keeping-household = In the whole house
keeping-rooms = In single rooms
keep-default = As the settings say
keep-room-default = As in the whole house
keep-ephemeral = Keep nothing
keep-session = Keep for a while
keep-default-ephemeral-about = loqa.toml decides, and says now that nothing is kept.
keep-default-session-about = loqa.toml decides, and says now that conversations are kept for a while.
keep-room-default-about = What is said here is kept, or not, as in the whole house.
keep-ephemeral-about = Words stay in memory for 15 minutes at most, and are never written to the disk.
keep-session-about = { $hours ->
    [one] A conversation is written encrypted, found on the page Sessions, and erased an hour after its last word.
   *[other] A conversation is written encrypted, found on the page Sessions, and erased { $hours } hours after its last word.
}
keeping-own = On this page
keep-own = What is said through this page
keep-own-default = As chosen above
keep-own-about = What is said through this page is kept, or not, as chosen above.
keep-hours = Hours until a conversation is erased
keep-hours-about = This counts for conversations that are kept already, too.
redact = Unreadable in what is kept
redact-names = Names
redact-names-about = Names of people who live here are blacked out before anything is written.
redact-numbers = Numbers
redact-numbers-about = Numbers, in digits and in words, are blacked out before anything is written.
redact-text = Free text
redact-text-about = Only words that commands of this house have are written; all others are blacked out.
keep-persistent = Keep until it is forgotten
people-keeping = What people want kept of their words
people-keeping-about = Counts where a microphone or screen speaks for one person. What nobody agrees to is not kept of them.
agree-ephemeral = Nothing of what I say is kept from now on. All that was kept of mine is forgotten: nobody can read it again.
agree-session = I agree that Loqa keeps what I say and what it answers, sealed on this hub, for as many hours as this household has chosen. I can read, take out and forget it at any time. If I take this back, all that was kept of mine is forgotten.
agree-persistent = I agree that Loqa keeps what I say and what it answers, sealed on this hub, until I forget it. I can read, take out and forget it at any time. If I take this back, all that was kept of mine is forgotten.
agree-pin = PIN of { $name }
agree-yes = I have read this and agree
agree-less = Change it, and forget what was kept
consents = What people have agreed to
consent-given = Agreed on { $time }.
consent-withdrawn = Withdrawn on { $time }.
wipe = Red button
wipe-goes = Everything that Loqa keeps goes: timers, alarms, lists, notes, people and their PINs, kept conversations, skills that were installed, tokens and passwords, and the record of what was done. All keys are destroyed at once, so that nobody can read any of it again, and the hub ends. It cannot be undone.
wipe-stays = What stays: models, and the files loqa.toml and home.toml, which are yours; and copies that you made elsewhere, such as a backup.
wipe-type = Type the word wipe
wipe-do = Destroy everything
wiped = Everything is gone
wiped-about = All keys are destroyed: nothing that Loqa kept can be read any more. The hub ends; start it again for a new household.
kept = Kept conversations
kept-about = Encrypted on the machine of the hub, for as long as the page Privacy says.
kept-replay = Replay
kept-nothing = Nothing is kept.
kept-choose = Choose on the page Privacy what is.
kept-search = Words that were said or answered
kept-find = Search
kept-not-found = Nothing that is kept has these words.
kept-more = Show older ones
kept-turns = { $count ->
    [one] 1 turn
   *[other] { $count } turns
}
kept-somebody = Somebody
kept-unreadable = Cannot be read
kept-open = What was said
kept-damaged = { $count ->
    [one] 1 entry cannot be read: it was damaged or changed.
   *[other] { $count } entries cannot be read: they were damaged or changed.
}
kept-export = Export as JSON
kept-forget = Forget
kept-forget-sure = Really forget, for good?

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
