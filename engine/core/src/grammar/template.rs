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
    let node = reader.alternatives(None, 0)?;
    Ok(node)
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
    Node(Node),
}

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
    ) -> Result<Node, TemplateError> {
        if depth > MAX_DEPTH {
            return self.fail(self.at, "brackets are nested too deeply");
        }
        let mut finished = Vec::new();
        let mut separator = None;
        let mut parts: Vec<Part> = Vec::new();
        let mut glued = false;
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
                    let mut node = self.alternatives(Some((end, here)), depth + 1)?;
                    if c == '[' {
                        node = Node::Either(vec![node, Node::Sequence(Vec::new())]);
                    }
                    parts.push(Part {
                        node: Piece::Node(node),
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
                        node: Piece::Node(node),
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
                    finished.push(join(std::mem::take(&mut parts)).map_err(|message| {
                        TemplateError {
                            column: here + 1,
                            message,
                        }
                    })?);
                    glued = false;
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
        let last = join(parts).map_err(|message| TemplateError {
            column: self.at.max(1),
            message,
        })?;
        finished.push(last);
        Ok(match separator {
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
        })
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
fn join(parts: Vec<Part>) -> Result<Node, String> {
    let mut nodes = Vec::new();
    let mut run: Vec<Piece> = Vec::new();
    for part in parts {
        if !part.glued {
            flush(&mut run, &mut nodes)?;
        }
        run.push(part.node);
    }
    flush(&mut run, &mut nodes)?;
    Ok(if nodes.len() == 1 {
        nodes.remove(0)
    } else {
        Node::Sequence(nodes)
    })
}

fn flush(run: &mut Vec<Piece>, nodes: &mut Vec<Node>) -> Result<(), String> {
    let run = std::mem::take(run);
    let literal_run = run.iter().all(|piece| match piece {
        Piece::Text(_) => true,
        Piece::Node(node) => literal(node),
    });
    if run.len() > 1 && literal_run {
        let mut spellings = vec![String::new()];
        for piece in &run {
            let texts = match piece {
                Piece::Text(text) => vec![text.clone()],
                Piece::Node(node) => texts(node),
            };
            spellings = spellings
                .iter()
                .flat_map(|head| texts.iter().map(move |tail| format!("{head}{tail}")))
                .collect();
            if spellings.len() > MAX_SPELLINGS {
                return Err("a word with too many spellings".into());
            }
        }
        nodes.push(Node::Either(
            spellings.iter().map(|text| words(text)).collect(),
        ));
        return Ok(());
    }
    for piece in run {
        nodes.push(match piece {
            Piece::Text(text) => words(&text),
            Piece::Node(node) => node,
        });
    }
    Ok(())
}

/// Only words, so that it can be a part of a word.
fn literal(node: &Node) -> bool {
    match node {
        Node::Word(_) => true,
        Node::Sequence(nodes) => nodes.iter().all(literal),
        Node::Either(nodes) => nodes.iter().all(literal),
        Node::Rule(_) | Node::List { .. } => false,
    }
}

fn texts(node: &Node) -> Vec<String> {
    match node {
        Node::Word(word) => vec![word.clone()],
        Node::Sequence(nodes) => nodes.iter().fold(vec![String::new()], |heads, node| {
            let tails = texts(node);
            heads
                .iter()
                .flat_map(|head| {
                    tails
                        .iter()
                        .map(move |tail| match (head.is_empty(), tail.is_empty()) {
                            (false, false) => format!("{head} {tail}"),
                            _ => format!("{head}{tail}"),
                        })
                })
                .take(MAX_SPELLINGS + 1)
                .collect()
        }),
        Node::Either(nodes) => nodes.iter().flat_map(texts).collect(),
        Node::Rule(_) | Node::List { .. } => Vec::new(),
    }
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
