//! A client that knows the contract only. `PYCOM_NAMESERVER` says where to ask.

use library_contract::{Book, LibraryClient, LoanError, LoanFailure};

#[tokio::main]
async fn main() -> pycom::Result<()> {
    let context = pycom::default_context()?;
    let library: LibraryClient = context.verified_client().await?;
    let book = Book { title: "Emma".into(), author: "Jane Austen".into() };
    library.add(book).await?;
    println!("lent: {}", library.lend("Emma".into()).await?.title);
    match library.lend("Emma".into()).await {
        Err(LoanFailure::Declared(LoanError::Lent)) => println!("refused: somebody has it"),
        other => println!("unexpected: {other:?}"),
    }
    match library.lend("Ulysses".into()).await {
        Err(LoanFailure::Declared(LoanError::Unknown { title })) => println!("refused: no {title}"),
        other => println!("unexpected: {other:?}"),
    }
    Ok(())
}
