//! Starts the receiver.

fn main() -> std::process::ExitCode {
    mailbeat_receiver::commands::main()
}
