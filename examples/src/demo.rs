//! The demo of the original: it echoes and throws.

use pycom::{Error, Json, Request, Result, interface};

use crate::python_repr;

/// Answers with what it was given, or fails with it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Demo;

/// Demonstrates calls and errors.
#[interface("org.pycom.demo")]
impl Demo {
    /// Returns its arguments.
    #[method]
    pub async fn echo(&self, request: Request) -> Json {
        request.args_json().clone()
    }

    /// Fails with code 1; its text is the arguments as Python shows them.
    #[method]
    pub async fn throw(&self, request: Request) -> Result<()> {
        Err(Error::application(1, python_repr(request.args_json())))
    }
}
