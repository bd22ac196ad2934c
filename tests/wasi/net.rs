// What a program of Rust's std is told that opens connections, on a board whose components reach no network.
use std::net::{TcpListener, TcpStream, UdpSocket};

fn main() {
    println!("{:?}", TcpStream::connect("127.0.0.1:80").unwrap_err().kind());
    println!("{:?}", TcpListener::bind("127.0.0.1:80").unwrap_err().kind());
    println!("{:?}", UdpSocket::bind("127.0.0.1:0").unwrap_err().kind());
    println!("{:?}", TcpStream::connect("example.com:80").unwrap_err().kind());
}
