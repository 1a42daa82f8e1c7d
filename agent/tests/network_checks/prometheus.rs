//! `prometheus` checks, against the real node exporter and against broken ones.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use mailbeat_agent::check::prometheus::Prometheus;

use super::servers::{answer, nobody, web};
use super::*;

const TIME: Duration = Duration::from_secs(60);

/// Debian's prometheus-node-exporter on a port of its own, ended with the test.
struct NodeExporter {
    process: Child,
    port: u16,
}

impl NodeExporter {
    fn start() -> Self {
        let port = nobody();
        let mut command = Command::new("prometheus-node-exporter");
        command.args([&format!("--web.listen-address=127.0.0.1:{port}"), "--log.level=error"]);
        let process =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("tests/install-deps.sh");
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < TIME, "the exporter does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { process, port }
    }
}

impl Drop for NodeExporter {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_real_node_exporter_is_read_by_value_by_rate_and_against_itself() {
    let exporter = NodeExporter::start();
    let settings = format!(
        "url = 'http://127.0.0.1:{}/metrics'\n\
         [[metric]]\nlabel = 'memory'\nname = 'node_memory_MemTotal_bytes'\nunit = 'By'\n\
         [[metric]]\nlabel = 'cpu'\nname = 'node_cpu_seconds_total'\nby = 'rate'\nunit = 's/s'\n\
         [[metric]]\nlabel = 'counted'\nname = 'node_cpu_seconds_total'\n\
         [[metric]]\nlabel = 'users'\nname = 'node_cpu_seconds_total'\nwhere = {{ mode = '{{user,nice}}' }}\ntake = 'count'\n\
         [[metric]]\nlabel = 'used'\nname = 'node_memory_MemTotal_bytes'\nagainst = {{ name = 'node_memory_MemFree_bytes' }}\n\
         compare = 'ratio'\n\
         [[metric]]\nlabel = 'none'\nname = 'node_no_such_thing'\nabsent = 0\n",
        exporter.port
    );
    let mut probe: Prometheus = probe(&settings);
    let mut memory = Json::Null;
    let first = look_again(&mut probe, &mut memory, TIME);
    is(&first, CheckState::Ok, "cpu from the next look on");
    let total = std::fs::read_to_string("/proc/meminfo").unwrap();
    let total: f64 = total.lines().next().unwrap().split_whitespace().nth(1).unwrap().parse().unwrap();
    assert_eq!(value(&first, "memory"), Some(total * 1024.0));
    let used = value(&first, "used").unwrap();
    assert!(used > 0.0 && used < 1.0 && value(&first, "none") == Some(0.0), "{first:?}");
    // Until a CPU has counted something. An idle one counts late and much at once, so the rate of a moment may be any.
    let started = Instant::now();
    loop {
        let next = look_again(&mut probe, &mut memory, TIME);
        assert!(value(&next, "users") >= Some(2.0), "{next:?}");
        match value(&next, "cpu") {
            Some(rate) if rate > 0.0 => {
                assert!(
                    value(&next, "counted") > Some(rate),
                    "what was counted since the last look only: {next:?}"
                );
                break;
            }
            _ => assert!(started.elapsed() < TIME, "{next:?}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Shows whatever was put there last.
fn exporter(first: &str) -> (u16, Arc<Mutex<String>>) {
    let shown = Arc::new(Mutex::new(first.to_owned()));
    let shows = shown.clone();
    (web(move |_| answer("200 OK", "Content-Type: text/plain\r\n", &shows.lock().unwrap())), shown)
}

#[test]
fn a_log_collector_whose_output_stands_still_diverges() {
    let text = |taken: u32, given: u32, retries: u32| {
        format!(
            "# TYPE fluentd_input_status_num_records_total counter\n\
             fluentd_input_status_num_records_total{{tag=\"nginx.access\",hostname=\"log-01\"}} {taken}\n\
             fluentd_output_status_num_records_total{{plugin_id=\"out_file\",type=\"file\"}} {given}\n\
             fluentd_output_status_retry_count{{plugin_id=\"out_file\",type=\"file\"}} {retries}\n\
             fluentd_output_status_buffer_total_bytes{{plugin_id=\"out_file\",type=\"file\"}} 1048576.0\n"
        )
    };
    let (port, shown) = exporter(&text(100, 90, 0));
    let settings = format!(
        "url = 'http://127.0.0.1:{port}/metrics'\n\
         [[metric]]\nlabel = 'buffer'\nname = 'fluentd_output_status_buffer_total_bytes'\ntake = 'max'\nunit = 'By'\n\
         [[metric]]\nlabel = 'retries'\nname = 'fluentd_output_status_retry_count'\nby = 'increase'\nunit = '{{retry}}'\n\
         [[metric]]\nlabel = 'divergence'\nname = 'fluentd_input_status_num_records_total'\nby = 'increase'\ncompare = 'ratio'\n\
         against = {{ name = 'fluentd_output_status_num_records_total' }}\n"
    );
    let mut probe: Prometheus = probe(&settings);
    let mut memory = Json::Null;
    let mut next = |text: String| {
        *shown.lock().unwrap() = text;
        look_again(&mut probe, &mut memory, TIME)
    };
    assert_eq!(value(&next(text(100, 90, 0)), "divergence"), None);
    let healthy = next(text(1_100, 1_090, 0));
    assert_eq!((value(&healthy, "divergence"), value(&healthy, "retries")), (Some(0.0), Some(0.0)));
    assert_eq!(value(&healthy, "buffer"), Some(1_048_576.0));
    let stuck = next(text(2_100, 1_090, 7));
    assert_eq!((value(&stuck, "divergence"), value(&stuck, "retries")), (Some(1.0), Some(7.0)));
    let restarted = next(text(50, 50, 0));
    assert_eq!((value(&restarted, "divergence"), value(&restarted, "retries")), (Some(0.0), Some(0.0)));
}

#[test]
fn a_broken_exporter_is_named_and_what_was_remembered_stays() {
    let (port, shown) = exporter("c 5\n");
    let settings = format!(
        "url = 'http://127.0.0.1:{port}/metrics'\nbody_limit = 200\n[[metric]]\nlabel = 'c'\nname = 'c'\nby = 'increase'\n"
    );
    let mut probe: Prometheus = probe(&settings);
    let mut memory = Json::Null;
    let mut next = |text: &str| {
        text.clone_into(&mut shown.lock().unwrap());
        look_again(&mut probe, &mut memory, TIME)
    };
    next("c 5\n");
    is(
        &next("<html><body>502</body></html>\n"),
        CheckState::Unknown,
        "line 1: it does not begin with the name",
    );
    is(&next(&"# x\n".repeat(99)), CheckState::Unknown, "shows more than 200 bytes");
    assert_eq!(value(&next("c 9\n"), "c"), Some(4.0), "four more than at the last look that could tell");
    is(&next("d 9\n"), CheckState::Unknown, "c: the exporter shows no number as c with these labels");
    is(&next(""), CheckState::Unknown, "shows no number as c");
}

#[test]
fn an_exporter_that_is_gone_or_answers_with_an_error_is_critical() {
    let metric = "[[metric]]\nlabel = 'c'\nname = 'c'\n";
    let gone = look::<Prometheus>(&format!("url = 'http://127.0.0.1:{}/metrics'\n{metric}", nobody()));
    is(&gone, CheckState::Critical, "refused");
    let port = web(|_| answer("404 Not Found", "", "c 1"));
    let missing = look::<Prometheus>(&format!("url = 'http://127.0.0.1:{port}/metrics'\n{metric}"));
    is(&missing, CheckState::Critical, "the exporter answers 404 Not Found");
}
