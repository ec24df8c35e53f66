//! What the service and its clients agree on: one trait.
//!
//! The service implements [`Library`] for its own type and serves it as [`LibraryServer`]; clients
//! call [`LibraryClient`], which the macro makes from the trait alone.

use pycom::{CallError, interface};
use serde::{Deserialize, Serialize};

/// A book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// Its title.
    pub title: String,
    /// Who wrote it.
    pub author: String,
}

/// What can go wrong with a loan.
#[derive(Debug, Clone, PartialEq, Eq, pycom::ErrorCode)]
pub enum LoanError {
    /// There is no such book.
    #[error_code(100, "there is no book called {title}")]
    Unknown {
        /// The title that was asked for.
        title: String,
    },
    /// Somebody has it.
    #[error_code(101, "somebody has it")]
    Lent,
}

/// A loan that failed, as the client sees it.
pub type LoanFailure = CallError<LoanError>;

/// Lends books.
#[interface("com.foo.library")]
pub trait Library {
    /// Puts a book on the shelf.
    #[method]
    async fn add(&self, book: Book) -> pycom::Result<()>;

    /// Lends a book.
    #[method("lend")]
    async fn lend(&self, title: String) -> Result<Book, LoanError>;
}
