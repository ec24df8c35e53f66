//! A service that implements the contract.

use std::collections::HashMap;
use std::sync::Mutex;

use library_contract::{Book, Library, LibraryServer, LoanError};

#[derive(Default)]
struct Shelf {
    /// Books by title, and whether they are lent.
    books: Mutex<HashMap<String, (Book, bool)>>,
}

impl Library for Shelf {
    async fn add(&self, book: Book) -> pycom::Result<()> {
        self.books.lock().unwrap().insert(book.title.clone(), (book, false));
        Ok(())
    }

    async fn lend(&self, title: String) -> Result<Book, LoanError> {
        let mut books = self.books.lock().unwrap();
        let Some((book, lent)) = books.get_mut(&title) else {
            return Err(LoanError::Unknown { title });
        };
        if std::mem::replace(lent, true) { Err(LoanError::Lent) } else { Ok(book.clone()) }
    }
}

#[tokio::main]
async fn main() -> pycom::Result<()> {
    pycom::launch(LibraryServer::new(Shelf::default())).await
}
