//! Sentence templates in hassil's syntax, read into a tree.

/// A template, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// One word, normalised.
    Word(String),
    /// All in order; empty: nothing.
    Sequence(Vec<Node>),
    /// One of them.
    Either(Vec<Node>),
    /// `<name>`
    Rule(String),
    /// `{list}` or `{list:slot}`
    List {
        /// Which list.
        list: String,
        /// Which slot it fills.
        slot: String,
    },
}

/// What is wrong in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// Column in the template, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// Permutations of more parts than this would make too many sentences.
const MAX_PERMUTED: usize = 5;
/// Spellings of one glued word, such as `light[s]`.
const MAX_SPELLINGS: usize = 64;
/// Brackets within brackets.
const MAX_DEPTH: usize = 32;

/// Reads a template.
pub fn parse(text: &str) -> Result<Node, TemplateError> {
    let mut reader = Reader {
        chars: text.chars().collect(),
        at: 0,
    };
    Ok(reader.alternatives(None, 0)?.0)
}

struct Reader {
    chars: Vec<char>,
    at: usize,
}

/// A part, and whether no space stands before it.
struct Part {
    node: Piece,
    glued: bool,
}

enum Piece {
    Text(String),
    /// With its spellings if it is only words, so that it can be a part of a word.
    Node(Node, Option<Vec<String>>),
}

/// What stands between brackets, and how it is spelt, with the spaces at its edges.
type Bracket = (Node, Option<Vec<String>>);

impl Reader {
    fn fail<T>(&self, at: usize, message: impl Into<String>) -> Result<T, TemplateError> {
        Err(TemplateError {
            column: at + 1,
            message: message.into(),
        })
    }

    /// Reads up to the closing bracket (or the end of the template).
    fn alternatives(
        &mut self,
        close: Option<(char, usize)>,
        depth: usize,
    ) -> Result<Bracket, TemplateError> {
        if depth > MAX_DEPTH {
            return self.fail(self.at, "brackets are nested too deeply");
        }
        let mut finished = Vec::new();
        let mut separator = None;
        let mut parts: Vec<Part> = Vec::new();
        // To the bracket, and so to what stands before it.
        let mut glued = true;
        loop {
            let Some(&c) = self.chars.get(self.at) else {
                if let Some((close, opened)) = close {
                    return self.fail(
                        opened,
                        format!("this bracket is not closed: `{close}` is missing"),
                    );
                }
                break;
            };
            let here = self.at;
            self.at += 1;
            match c {
                '(' | '[' => {
                    let end = if c == '(' { ')' } else { ']' };
                    let (mut node, mut spellings) =
                        self.alternatives(Some((end, here)), depth + 1)?;
                    if c == '[' {
                        node = Node::Either(vec![node, Node::Sequence(Vec::new())]);
                        spellings.iter_mut().for_each(|all| all.push(String::new()));
                    }
                    parts.push(Part {
                        node: Piece::Node(node, spellings),
                        glued,
                    });
                    glued = true;
                }
                ')' | ']' => match close {
                    Some((wanted, _)) if wanted == c => break,
                    _ => return self.fail(here, format!("`{c}` closes nothing")),
                },
                '<' | '{' => {
                    let end = if c == '<' { '>' } else { '}' };
                    let name = self.name(end, here)?;
                    let node = if c == '<' {
                        Node::Rule(name)
                    } else {
                        let (list, slot) = name.split_once(':').unwrap_or((&name, &name));
                        Node::List {
                            list: list.to_owned(),
                            slot: slot.to_owned(),
                        }
                    };
                    parts.push(Part {
                        node: Piece::Node(node, None),
                        glued,
                    });
                    glued = true;
                }
                '>' | '}' => return self.fail(here, format!("`{c}` closes nothing")),
                '|' | ';' => {
                    if separator.is_some_and(|seen| seen != c) {
                        return self.fail(here, "`|` and `;` cannot be mixed in one bracket");
                    }
                    if c == ';' && close.is_none() {
                        return self.fail(here, "a permutation `;` needs brackets: (a;b)");
                    }
                    separator = Some(c);
                    finished.push(join(std::mem::take(&mut parts), !glued).map_err(|message| {
                        TemplateError {
                            column: here + 1,
                            message,
                        }
                    })?);
                    glued = true;
                }
                c if c.is_whitespace() => glued = false,
                c => {
                    let c = if c == '\\' {
                        let Some(&escaped) = self.chars.get(self.at) else {
                            return self.fail(here, "`\\` escapes nothing");
                        };
                        self.at += 1;
                        escaped
                    } else {
                        c
                    };
                    match parts.last_mut() {
                        Some(Part {
                            node: Piece::Text(text),
                            ..
                        }) if glued => text.push(c),
                        _ => parts.push(Part {
                            node: Piece::Text(c.to_string()),
                            glued,
                        }),
                    }
                    glued = true;
                }
            }
        }
        let last = join(parts, !glued).map_err(|message| TemplateError {
            column: self.at.max(1),
            message,
        })?;
        finished.push(last);
        let (mut finished, spellings): (Vec<Node>, Vec<_>) = finished.into_iter().unzip();
        let spellings = match separator {
            Some(';') => None,
            _ => spellings
                .into_iter()
                .collect::<Option<Vec<_>>>()
                .map(|all| all.concat()),
        };
        let node = match separator {
            None => finished.pop().unwrap_or(Node::Sequence(Vec::new())),
            Some('|') => Node::Either(finished),
            Some(_) => {
                if finished.len() > MAX_PERMUTED {
                    return self.fail(
                        self.at.saturating_sub(1),
                        format!("a permutation of more than {MAX_PERMUTED} parts"),
                    );
                }
                Node::Either(
                    permutations(&finished)
                        .into_iter()
                        .map(Node::Sequence)
                        .collect(),
                )
            }
        };
        Ok((node, spellings))
    }

    fn name(&mut self, end: char, opened: usize) -> Result<String, TemplateError> {
        let start = self.at;
        while let Some(&c) = self.chars.get(self.at) {
            if c == end {
                let name: String = self.chars[start..self.at].iter().collect();
                self.at += 1;
                let name = name.trim().to_owned();
                let good = |part: &str| {
                    !part.is_empty()
                        && part
                            .chars()
                            .all(|c| c.is_alphanumeric() || "_-./".contains(c))
                };
                if !name.split(':').all(good) {
                    return self.fail(start, format!("`{name}` is not a name"));
                }
                return Ok(name);
            }
            self.at += 1;
        }
        self.fail(
            opened,
            format!("this bracket is not closed: `{end}` is missing"),
        )
    }
}

/// Parts in order; runs without a space between them become one word in all its spellings.
/// `spaced`: a space stands after the last.
fn join(parts: Vec<Part>, spaced: bool) -> Result<Bracket, String> {
    let mut nodes = Vec::new();
    let mut spellings = Some(vec![String::new()]);
    let mut run: Vec<Piece> = Vec::new();
    for part in parts {
        let space = if part.glued { "" } else { " " };
        spellings = spellings.and_then(|heads| spelt(&heads, space, &part.node));
        if !part.glued {
            flush(&mut run, &mut nodes)?;
        }
        run.push(part.node);
    }
    flush(&mut run, &mut nodes)?;
    if spaced {
        spellings.iter_mut().flatten().for_each(|all| all.push(' '));
    }
    let node = if nodes.len() == 1 {
        nodes.remove(0)
    } else {
        Node::Sequence(nodes)
    };
    Ok((node, spellings))
}

/// `heads`, each followed by every spelling of `piece`; `None` if it has none or too many.
fn spelt(heads: &[String], space: &str, piece: &Piece) -> Option<Vec<String>> {
    let tails = match piece {
        Piece::Text(text) => std::slice::from_ref(text),
        Piece::Node(_, spellings) => spellings.as_deref()?,
    };
    let all = heads
        .iter()
        .flat_map(|head| tails.iter().map(move |tail| format!("{head}{space}{tail}")));
    Some(all.take(MAX_SPELLINGS + 1).collect())
}

fn flush(run: &mut Vec<Piece>, nodes: &mut Vec<Node>) -> Result<(), String> {
    let run = std::mem::take(run);
    if run.len() > 1 {
        let one = vec![String::new()];
        let spellings = run
            .iter()
            .try_fold(one, |heads, piece| spelt(&heads, "", piece));
        if let Some(spellings) = spellings {
            if spellings.len() > MAX_SPELLINGS {
                return Err("a word with too many spellings".into());
            }
            nodes.push(Node::Either(
                spellings.iter().map(|text| words(text)).collect(),
            ));
            return Ok(());
        }
    }
    for piece in run {
        nodes.push(match piece {
            Piece::Text(text) => words(&text),
            Piece::Node(node, _) => node,
        });
    }
    Ok(())
}

fn words(text: &str) -> Node {
    let mut words: Vec<Node> = super::normalize(text).into_iter().map(Node::Word).collect();
    if words.len() == 1 {
        words.remove(0)
    } else {
        Node::Sequence(words)
    }
}

fn permutations(parts: &[Node]) -> Vec<Vec<Node>> {
    if parts.len() <= 1 {
        return vec![parts.to_vec()];
    }
    let mut all = Vec::new();
    for first in 0..parts.len() {
        let mut rest = parts.to_vec();
        let head = rest.remove(first);
        for mut tail in permutations(&rest) {
            tail.insert(0, head.clone());
            all.push(tail);
        }
    }
    all
}
