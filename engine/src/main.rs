//! The `loqa` command.

fn main() -> std::process::ExitCode {
    loqa_engine::cli::main()
}
