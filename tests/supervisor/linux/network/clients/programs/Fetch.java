import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Fetches each URL by both of Java's clients: one has sockets that do not block. */
class Fetch {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    interface Way {
        String fetch(URI url) throws IOException, InterruptedException;
    }

    static String byClient(URI url) throws IOException, InterruptedException {
        return CLIENT.send(HttpRequest.newBuilder(url).build(), BodyHandlers.ofString()).body();
    }

    static String byStream(URI url) throws IOException {
        try (InputStream in = url.toURL().openStream()) {
            return new String(in.readAllBytes());
        }
    }

    static void print(Way way, URI url) throws InterruptedException {
        try {
            System.out.println(way.fetch(url));
        } catch (IOException error) {
            System.out.println(error);
        }
    }

    public static void main(String[] urls) throws InterruptedException {
        for (String url : urls) {
            print(Fetch::byClient, URI.create(url));
            print(Fetch::byStream, URI.create(url));
        }
    }
}
