//! A service to play with: each thing that an interface can have, in a few methods.

use pycom::{ErrorCode, Json, Offer, Request, Result, Session, interface, offer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where `pycom demo` and `pycom up` register it.
pub const SERVICE: &str = "/org/pycom/demo";

/// Interfaces of the demo service.
pub fn offers() -> Vec<Offer> {
    vec![offer(Example), offer(Counter), offer(Demo)]
}

struct Example;

/// Why a text cannot be split.
#[derive(Debug, Clone, ErrorCode)]
enum SplitError {
    /// The place lies beyond the end of the text.
    #[error_code(20, "the text has {length} letters only")]
    TooFar {
        /// How long the text is.
        length: usize,
    },
}

/// A place in the plane.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
struct Point {
    x: f64,
    y: f64,
}

/// How to measure.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Way {
    /// As the crow flies.
    #[default]
    Straight,
    /// Along the streets of a city.
    Streets,
}

/// Creates, splits and measures things.
#[interface("com.foo.example", client = false)]
impl Example {
    /// Creates a thing from whatever it is given.
    #[method]
    fn create(&self, request: Request) -> Json {
        Json::object([("field1", request.args_json())])
    }

    /// Splits a text in two: in the middle, unless told where.
    #[method(results("head", "tail"), idempotent)]
    fn split(&self, text: String, at: Option<usize>) -> Result<(String, String), SplitError> {
        let letters: Vec<char> = text.chars().collect();
        let at = at.unwrap_or(letters.len() / 2);
        if at > letters.len() {
            return Err(SplitError::TooFar { length: letters.len() });
        }
        let (head, tail) = letters.split_at(at);
        Ok((head.iter().collect(), tail.iter().collect()))
    }

    /// How long a way through these points is.
    #[method(results("length"), idempotent)]
    fn measure(&self, points: Vec<Point>, #[arg(default)] way: Way) -> f64 {
        let leg = |from: Point, to: Point| match way {
            Way::Straight => (to.x - from.x).hypot(to.y - from.y),
            Way::Streets => (to.x - from.x).abs() + (to.y - from.y).abs(),
        };
        points.windows(2).map(|pair| leg(pair[0], pair[1])).sum()
    }

    /// Answers after a while.
    #[method]
    async fn wait(&self, #[arg(default = 1.0)] seconds: f64) -> Result<()> {
        let time = std::time::Duration::try_from_secs_f64(seconds.min(3600.0));
        let time = time.map_err(|_| pycom::Error::bad_request("'seconds' must be a time"))?;
        tokio::time::sleep(time).await;
        Ok(())
    }

    /// Cuts a text out of its middle; `split` does it better.
    #[method]
    #[deprecated(note = "use split")]
    fn halve(&self, text: String) -> String {
        text.chars().take(text.chars().count() / 2).collect()
    }
}

struct Counter;

/// Counts for each client by itself.
#[interface("com.foo.counter", stateful, client = false)]
impl Counter {
    /// The next number.
    #[method]
    fn next(&self, session: Session) -> Result<u64> {
        session.update("count", |count: Option<u64>| count.unwrap_or(0) + 1)
    }
}

struct Demo;

/// What the original's demo service offers.
#[interface("org.pycom.demo", client = false)]
impl Demo {
    /// Answers with its arguments.
    #[method(idempotent)]
    fn echo(&self, request: Request) -> Json {
        request.args_json().clone()
    }

    /// Fails, and says what with.
    #[method]
    fn throw(&self, request: Request) -> Result<()> {
        Err(pycom::Error::application(1, request.args_json().as_str()))
    }
}
